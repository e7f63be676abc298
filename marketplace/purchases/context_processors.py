from django.conf import settings
from django.http import HttpRequest


def payments(request: HttpRequest) -> dict[str, bool]:
    """Every page says so while payments are only pretended."""
    return {"test_payments": settings.TEST_PAYMENTS}
