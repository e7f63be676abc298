"""Money back: asked for here, given by the provider, posted once it is given. Access ends when it is asked for."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from generation import notifications
from marketplace.accounts import background
from marketplace.accounts.models import User
from marketplace.listings import search
from marketplace.listings.models import Listing
from marketplace.listings.rules import as_amount

from . import days, ledger, receipts, reviews, signals
from .models import Account, Chargeback, Purchase, Refund
from .providers import PROVIDERS
from .providers.interface import GivenBack, ProviderRefused, ProviderUnreachable, RefundNews

State = Refund.State
WITHDRAWAL_DAYS = 7
# An attempt that nobody heard the end of is made again, later each time.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=6)


class RefundRefused(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def withdraw_until(purchase: Purchase) -> datetime | None:
    """The end of the seventh day after the day of payment, where the site is."""
    return None if purchase.paid_at is None else days.begins(purchase.paid_at, WITHDRAWAL_DAYS + 1)


def can_withdraw(purchase: Purchase) -> bool:
    return not why_not_withdrawn(purchase)


def why_not_withdrawn(purchase: Purchase) -> str:
    until = withdraw_until(purchase)
    if not purchase.price:
        return _("Nothing was paid for this, so there is nothing to give back.")
    if purchase.state != Purchase.State.PAID or until is None:
        return _("Only a purchase that is paid can be withdrawn from.")
    if purchase.delivery_started_at is not None:
        return _("The download of this purchase has begun, so it can't be withdrawn from any more.")
    if timezone.now() >= until:
        return _("The seven days in which a purchase can be withdrawn from have passed.")
    return ""


def withdraw(purchase: Purchase, buyer: User) -> Refund:
    """Everything back, by the buyer alone, while nothing was downloaded."""
    if purchase.buyer_id != buyer.pk:
        raise RefundRefused(_("Only the buyer can withdraw from a purchase."))
    with transaction.atomic():
        # A download that begins at this moment waits for the row, or has it already.
        if why := why_not_withdrawn(locked(purchase)):
            raise RefundRefused(why)
        return refund(purchase, Refund.Reason.WITHDRAWAL, asked_by=buyer)


def refund(
    purchase: Purchase,
    reason: str,
    *,
    note: str = "",
    asked_by: User | None = None,
    amount: int | None = None,
    seen: int | None = None,
) -> Refund:
    """All that is left of the payment, or `amount` of it, in the smallest unit.

    `seen`: what was left when it was asked for, so that a click done twice gives back once.
    """
    with transaction.atomic():
        row = locked(purchase)
        left = check(row, amount)
        if seen not in (None, left):
            raise RefundRefused(_("Something was given back meanwhile. Look at what is left and ask again."))
        asked = Refund.objects.create(
            purchase=row, reason=reason, note=note, asked_by=asked_by, amount=amount or left, currency=row.currency
        )
        settle_access(row)
        begin(asked)
    purchase.refresh_from_db()
    asked.refresh_from_db()
    return asked


def begin(asked: Refund) -> None:
    """In the transaction that asked. Nobody waits for a network in there."""
    provider = PROVIDERS[asked.purchase.provider]
    if provider.at_once:
        settle(asked, provider.refund(asked))
    else:
        background.later(send, asked.pk, otherwise=send)


def check(purchase: Purchase, amount: int | None) -> int:
    """What is left of the payment. Raises RefundRefused."""
    left = left_of(purchase)
    if not purchase.price or purchase.paid_at is None:
        raise RefundRefused(_("Nothing was paid for this, so there is nothing to give back."))
    if purchase.chargebacks.filter(state=Chargeback.State.OPEN).exists():
        raise RefundRefused(_("The buyer's bank is asking for this payment. Wait for how that ends."))
    if not left:
        raise RefundRefused(_("All of this payment has been given back, or is on its way."))
    if amount is not None and not 0 < amount <= left:
        most = as_amount(left, purchase.currency)
        raise RefundRefused(_("At most %(most)s of this payment can be given back.") % {"most": most})
    return left


def locked(purchase: Purchase) -> Purchase:
    """Whoever moves a purchase's money holds its row. With what posting and telling need."""
    rows = Purchase.objects.select_for_update(of=("self",)).select_related("buyer", "version__listing__seller")
    return rows.get(pk=purchase.pk)


def left_of(purchase: Purchase) -> int:
    """Of the payment, after what went back and what is on its way."""
    back = purchase.refunds.exclude(state=State.FAILED).aggregate(total=Sum("amount"))["total"] or 0
    taken = purchase.chargebacks.aggregate(total=Sum("taken"))["total"] or 0
    return purchase.price - back - taken


def settle_access(purchase: Purchase) -> None:
    """Access is there exactly while some of the payment is kept. Under the purchase's lock."""
    if left_of(purchase) == 0:
        paid = Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.PAID)
        if paid.update(state=Purchase.State.REFUNDED, refunded_at=timezone.now()):
            count(purchase, -1)
            reviews.hide_refunded(purchase)
            signals.refunded.send(Purchase, purchase=purchase)
            open_another(purchase)
        return
    gone = Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.REFUNDED)
    try:
        with transaction.atomic():
            if gone.update(state=Purchase.State.PAID, refunded_at=None):
                count(purchase, 1)
    except IntegrityError:
        # The buyer has it by another purchase: staff give back what the provider could not.
        pass


def open_another(purchase: Purchase) -> None:
    """Another payment of this buyer for it that the provider could not give back is what they have it by now."""
    gone = Purchase.objects.filter(buyer=purchase.buyer_id, version=purchase.version_id, state=Purchase.State.REFUNDED)
    for other in gone.exclude(pk=purchase.pk).order_by("pk"):
        settle_access(locked(other))


def count(purchase: Purchase, by: int) -> None:
    Listing.objects.filter(pk=purchase.version.listing_id).update(sales_count=F("sales_count") + by)
    search.rank(purchase.version.listing_id)


def send(refund_id: int) -> None:
    """The errand that asks the provider. Run twice, it gives once."""
    pending = Refund.objects.filter(pk=refund_id, state=State.PENDING)
    if not pending.update(attempts=F("attempts") + 1, tried_at=timezone.now()):
        return
    asked = Refund.objects.select_related("purchase").get(pk=refund_id)
    try:
        settle(asked, PROVIDERS[asked.purchase.provider].refund(asked))
    except ProviderRefused as refused:
        settle(asked, GivenBack(asked.provider_reference, State.FAILED, str(refused)))
    except ProviderUnreachable as error:
        pending.update(error=str(error))


def due() -> list[int]:
    """Refunds to send: never tried, or a while ago."""
    now = timezone.now()
    pending = Refund.objects.filter(state=State.PENDING).values_list("pk", "attempts", "tried_at")
    return [pk for pk, attempts, tried_at in pending if tried_at is None or now - tried_at > pause_after(attempts)]


def pause_after(attempts: int) -> timedelta:
    return min(FIRST_PAUSE * 2 ** min(attempts, 20), LONGEST_PAUSE)


def settle(asked: Refund, given: GivenBack) -> None:
    """What the provider says of it, in whatever order it says so: failed is the last word."""
    with transaction.atomic():
        purchase = locked(asked.purchase)
        row = Refund.objects.select_for_update().get(pk=asked.pk)
        if given.state == State.DONE and row.state == State.PENDING:
            write(row, given)
            ledger.post_back(purchase, row.amount, Account.Kind.REFUNDS, keeps_fee(purchase), row)
            tell(purchase, row)
        elif given.state == State.FAILED and row.state != State.FAILED:
            was_posted = row.state == State.DONE
            write(row, given)
            if was_posted:
                ledger.post_back(purchase, -row.amount, Account.Kind.REFUNDS, keeps_fee(purchase), row)
            take_lost(purchase)
            settle_access(purchase)
        elif row.state == State.PENDING and given.reference:
            Refund.objects.filter(pk=row.pk).update(provider_reference=given.reference)


def write(row: Refund, given: GivenBack) -> None:
    Refund.objects.filter(pk=row.pk).update(
        state=given.state,
        provider_reference=given.reference or row.provider_reference,
        error=given.error,
        settled_at=timezone.now(),
    )


def keeps_fee(purchase: Purchase) -> bool:
    return PROVIDERS[purchase.provider].keeps_fee


def take_lost(purchase: Purchase) -> None:
    """Posts lost chargebacks as far as the payment reaches: a refund and a bank never get more than was paid."""
    for lost in purchase.chargebacks.filter(state=Chargeback.State.LOST, taken__lt=F("amount")).order_by("pk"):
        part = min(lost.amount - lost.taken, left_of(purchase))
        if part:
            Chargeback.objects.filter(pk=lost.pk).update(taken=F("taken") + part)
            ledger.post_back(purchase, part, Account.Kind.CHARGEBACKS, keeps_fee(purchase))


def heard(news: RefundNews, purchase: Purchase) -> bool:
    """A message about a refund. False while it can't be told which of ours it is."""
    ours = Refund.objects.filter(purchase=purchase)
    row = ours.filter(provider_reference=news.given.reference).first()
    if row is None and news.refund is not None:
        row = ours.filter(public_id=news.refund).first()
    if row is None:
        if news.refund is not None:
            return False
        row = made_elsewhere(news, purchase)
    if row is not None:
        settle(row, news.given)
    return row is not None


def made_elsewhere(news: RefundNews, purchase: Purchase) -> Refund | None:
    """Somebody gave money back in the provider's own pages. None while one of ours has the same money.

    One that failed moved none and is kept all the same, for messages from before that come after it.
    """
    row, failed = locked(purchase), news.given.state == State.FAILED
    if not failed and news.amount > left_of(row):
        return None
    made = Refund.objects.create(
        purchase=row, reason=Refund.Reason.STAFF, note=_("Made in the payment provider's own pages."),
        amount=news.amount, currency=row.currency, provider_reference=news.given.reference,
    )  # fmt: skip
    if not failed:
        settle_access(row)
    return made


def tell(purchase: Purchase, given: Refund) -> None:
    address, seller = reverse("purchase", args=[purchase.public_id]), purchase.version.listing.seller_id
    told = {"amount": given.amount, "currency": given.currency, "reason": given.reason}
    title = purchase.version.title
    notifications.tell(purchase.buyer_id, "refund", title, address, role="buyer", **told)
    notifications.tell(seller, "refund", title, f"/studio/sales/{purchase.public_id}/", role="seller", **told)
    background.later(receipts.send_refund, given.pk, otherwise=receipts.send_refund)
