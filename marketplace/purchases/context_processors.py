from django.conf import settings
from django.http import HttpRequest


def payments(request: HttpRequest) -> dict[str, object]:
    """Every page says so while payments are only pretended, and whom to write to."""
    return {
        "test_payments": settings.TEST_PAYMENTS or settings.STRIPE_IN_TEST_MODE,
        "contact_email": getattr(settings, "CONTACT_EMAIL", ""),
    }
