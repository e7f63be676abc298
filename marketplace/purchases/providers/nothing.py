"""Two providers that move no money."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from marketplace.purchases.models import PaymentEvent, Purchase, Refund

from .interface import GivenBack, Movement, News, NotFromProvider, Payment


class Free:
    """A price of nothing needs no payment."""

    name = "free"
    at_once = True
    keeps_fee = False

    def begin(self, purchase: Purchase) -> Payment:
        return Payment(paid=True)

    def look(self, purchase: Purchase) -> Payment:
        return self.begin(purchase)

    def end(self, purchase: Purchase) -> None:
        pass

    def refund(self, refund: Refund) -> GivenBack:
        return GivenBack(f"{self.name}-{refund.public_id}", Refund.State.DONE)

    def told(self, body: bytes, headers: Mapping[str, str]) -> PaymentEvent:
        raise NotFromProvider

    def news(self, payload: dict[str, Any]) -> News | None:  # Any: JSON of the provider
        return None

    def movements(self, since: datetime) -> Iterator[Movement]:
        return iter(())


class TestProvider(Free):
    """Pays at once with nothing. Only where settings.TEST_PAYMENTS says so."""

    name = "test"

    def begin(self, purchase: Purchase) -> Payment:
        if not settings.TEST_PAYMENTS:
            raise ImproperlyConfigured("The test payment provider is switched off.")
        return Payment(f"test-{purchase.public_id}", paid=True)
