"""What staff do with money: give it back, verify where it goes, hold it. Each with a reason and a row of the trail."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.purchases import holds, refunds
from marketplace.purchases.models import PayoutAccount, PayoutHold, Purchase, Refund

from . import audit, telling

State = PayoutAccount.State


class MoneyRefused(Exception):
    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message, self.field = message, field


@transaction.atomic
def refund(purchase: Purchase, by: User, *, why: str, amount: int | None = None, seen: int | None = None) -> Refund:
    """All that is left of the payment, or `amount` in the smallest unit; not if less is left than was `seen`."""
    if by.pk in (purchase.buyer_id, purchase.version.listing.seller_id):
        raise MoneyRefused(_("Nobody decides about their own money."))
    before = {"state": purchase.state, "left": refunds.left_of(purchase)}
    try:
        row = refunds.refund(purchase, Refund.Reason.STAFF, note=why, asked_by=by, amount=amount, seen=seen)
    except refunds.RefundRefused as refused:
        raise MoneyRefused(refused.message, "amount") from None
    after = {"state": purchase.state, "refund": str(row.public_id), "amount": row.amount, "currency": row.currency}
    audit.note(by, "purchase.refunded", purchase, before=before, after=after, why=why)
    return row


@transaction.atomic
def judge_account(account: PayoutAccount, by: User, state: str, why: str) -> None:
    """Verified or refused, as long as it is still what was looked at."""
    if by.pk == account.owner_id:
        raise MoneyRefused(_("Nobody decides about their own money."))
    same = PayoutAccount.objects.filter(pk=account.pk, state=account.state, number=account.number)
    verified = {"verified_by": by, "verified_at": timezone.now()} if state == State.VERIFIED else {}
    if not same.update(state=state, reason="" if verified else why, **verified):
        raise MoneyRefused(_("The account was changed meanwhile. Look again."))
    audit.note(by, f"payout_account.{state}", account, before={"state": account.state}, after={"state": state}, why=why)
    what = "payout_account_verified" if verified else "payout_account_refused"
    telling.note(account.owner, what, str(account), "payouts", reason="" if verified else why)


@transaction.atomic
def hold(seller: User, by: User, *, reason: str, review_at: datetime) -> PayoutHold:
    check_hold(seller, by, review_at)
    row = PayoutHold.objects.create(seller=seller, imposed_by=by, reason=reason, review_at=review_at)
    audit.note(by, "payouts.held", row, after={"seller": seller.pk, "review_at": review_at}, why=reason)
    telling.note(seller, "payout_hold", _("Payouts"), "payouts", reason=reason)
    return row


def check_hold(seller: User, by: User, review_at: datetime) -> None:
    if by.pk == seller.pk:
        raise MoneyRefused(_("Nobody decides about their own money."), "seller")
    if review_at <= timezone.now():
        raise MoneyRefused(_("The day on which this is looked at again lies in the future."), "review_at")


@transaction.atomic
def lift_hold(row: PayoutHold, by: User, why: str) -> bool:
    if not holds.lift(row):
        return False
    audit.note(by, "payouts.released", row, before={"review_at": row.review_at}, why=why)
    telling.note(row.seller, "payout_hold_lifted", _("Payouts"), "payouts")
    return True
