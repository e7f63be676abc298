"""What a payment provider must be able to do, and the words in which it answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from marketplace.purchases.models import PaymentEvent, Purchase, Refund


class ProviderUnreachable(Exception):
    """No answer, or none that settles it: ask again later, by the same key."""


class ProviderRefused(Exception):
    """A final no, with the provider's words."""


class NotFromProvider(Exception):
    """A message whose signature is wrong, missing or too old."""


@dataclass(frozen=True)
class Payment:
    """What has become of a purchase's payment. `address` is where the buyer pays while it is open."""

    reference: str = ""
    paid: bool = False
    address: str = ""
    session: str = ""
    # This page takes no money any more: another has to be begun.
    over: bool = False
    failure: str = ""
    # As the provider counts it; None where there is nothing to compare.
    amount: int | None = None
    currency: str = ""


@dataclass(frozen=True)
class GivenBack:
    """What has become of a refund."""

    reference: str
    state: str  # of Refund.State
    error: str = ""


@dataclass(frozen=True)
class PaymentNews:
    purchase: UUID
    payment: Payment


@dataclass(frozen=True)
class RefundNews:
    given: GivenBack
    # None where it was not asked for here but, say, in the provider's own pages.
    refund: UUID | None
    # Of the payment that it gives back.
    payment: str
    amount: int
    currency: str


@dataclass(frozen=True)
class ChargebackNews:
    reference: str
    payment: str
    state: str  # of Chargeback.State
    amount: int
    currency: str
    reason: str
    opened_at: datetime


News = PaymentNews | RefundNews | ChargebackNews


@dataclass(frozen=True)
class Movement:
    """A payment, a refund or a lost chargeback in the provider's own books, for reconciling."""

    reference: str
    kind: str  # "payment", "refund" or "chargeback"
    amount: int
    currency: str
    # The reference of the payment that it is, or that it takes from.
    payment: str


class Provider(Protocol):
    name: str
    # Takes and gives without asking anybody: may be part of the caller's transaction.
    at_once: bool
    # Its fee is not returned when money goes back.
    keeps_fee: bool

    def begin(self, purchase: Purchase) -> Payment:
        """Asks for the price. Called again for the same purchase and page it does not ask twice."""

    def look(self, purchase: Purchase) -> Payment:
        """Asks what has become of the page that was begun."""

    def end(self, purchase: Purchase) -> None:
        """Closes the page, so that nobody pays on it any more."""

    def refund(self, refund: Refund) -> GivenBack:
        """Called again for the same refund it does not give twice."""

    def told(self, body: bytes, headers: Mapping[str, str]) -> PaymentEvent:
        """The message as a row that is not saved yet. Raises NotFromProvider."""

    def news(self, payload: dict[str, Any]) -> News | None:  # Any: JSON of the provider
        """What a message says; None where it is nothing of ours."""

    def movements(self, since: datetime) -> Iterator[Movement]:
        """What the provider's books say."""


def key_of(purchase: Purchase) -> str:
    """The key under which one page of one purchase is begun once."""
    return f"{purchase.public_id}-{purchase.payment_number}"
