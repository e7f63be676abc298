"""Who takes the money. One small interface; the test provider takes none and says so everywhere."""

from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .models import Purchase


@dataclass(frozen=True)
class Payment:
    reference: str
    paid: bool


class Provider(Protocol):
    name: str

    def pay(self, purchase: Purchase) -> Payment:
        """Asks for the purchase's price. Called again for the same purchase it must not take it twice."""


class TestProvider:
    """Pays at once with nothing. Only where settings.TEST_PAYMENTS says so."""

    name = "test"

    def pay(self, purchase: Purchase) -> Payment:
        if not settings.TEST_PAYMENTS:
            raise ImproperlyConfigured("The test payment provider is switched off.")
        return Payment(f"test-{purchase.public_id}", paid=True)


class Free:
    """A price of nothing needs no payment."""

    name = "free"

    def pay(self, purchase: Purchase) -> Payment:
        return Payment("", paid=True)


PROVIDERS: dict[str, Provider] = {"test": TestProvider(), "free": Free()}


def provider_for(price: int) -> Provider:
    return PROVIDERS["test" if price else "free"]
