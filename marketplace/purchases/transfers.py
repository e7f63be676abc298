"""How a payout reaches a seller's bank. By hand, until a provider for it is set up: Toss Payments' payouts, for one."""

from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from .models import Payout


@dataclass(frozen=True)
class Transfer:
    reference: str
    paid: bool


class Transfers(Protocol):
    name: str

    def send(self, payout: Payout) -> Transfer | None:
        """None: a person does it, from the file that `manage.py payouts --bank-file` writes."""


class ByHand:
    name = "by hand"

    def send(self, payout: Payout) -> Transfer | None:
        return None


class Pretended:
    """Where payments are pretended payouts are too."""

    name = "test"

    def send(self, payout: Payout) -> Transfer | None:
        return Transfer(f"test-{payout.public_id}", paid=True)


def transfers() -> Transfers:
    return Pretended() if settings.TEST_PAYMENTS else ByHand()
