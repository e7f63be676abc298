from .ledger import Account, PayoutLine, Posting, Reconciliation
from .payments import Chargeback, PaymentEvent, Refund
from .payouts import Payout, PayoutAccount, PayoutHold
from .purchases import Download, Purchase
from .reviews import Review

__all__ = [
    "Account",
    "Chargeback",
    "Download",
    "PaymentEvent",
    "Payout",
    "PayoutAccount",
    "PayoutHold",
    "PayoutLine",
    "Posting",
    "Purchase",
    "Reconciliation",
    "Refund",
    "Review",
]
