"""Earnings on their way to sellers: what may go, what waits and why, and that none goes twice."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, TypedDict

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from generation import notifications
from marketplace.accounts.models import User
from marketplace.listings.rules import as_amount

from . import days, holds, ledger
from .models import Account, Chargeback, Payout, PayoutAccount, PayoutLine, Posting, Refund
from .transfers import transfers


class Signed(TypedDict):
    signed: int
    in_dispute: bool


if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    Waiting = QuerySet[WithAnnotations[Posting, Signed]]

logger = logging.getLogger(__name__)
State = Payout.State


@dataclass(frozen=True)
class Standing:
    """What a seller has in one currency. payable + held + not_yet is the balance of the ledger's account."""

    payable: int
    # A bank is asking it back, or a refund is under way.
    held: int
    # Sold too short ago.
    not_yet: int
    # Why the next payout does not come, or not all of it; nothing where all is well.
    reason: str
    # When the next payout comes, if one is in sight.
    on: date | None


def of(seller: User, currency: str, now: datetime | None = None) -> Standing:
    now = now or timezone.now()
    account = Account.objects.filter(kind=Account.Kind.SELLER, owner=seller, currency=currency).first()
    if account is None:
        return Standing(0, 0, 0, holds.reason_for(seller, currency), None)
    sums = sorted_by_when(account, now)
    on = next_date(seller, currency, now)
    return Standing(**sums, reason=reason_of(seller, currency, sums, on), on=on)


def sorted_by_when(account: Account, now: datetime) -> dict[str, int]:
    sums = {name: Coalesce(Sum("signed", filter=which), 0) for name, which in pots(now).items()}
    return waiting(account).aggregate(**sums)


def pots(now: datetime) -> dict[str, Q]:
    """By the figures of a Standing."""
    young, held = Q(purchase__paid_at__gte=last_payable(now)), Q(in_dispute=True)
    return {"payable": ~held & ~young, "held": held, "not_yet": ~held & young}


def behind(seller: User, currency: str, pot: str, now: datetime | None = None) -> "Waiting":
    """The postings that a figure is the sum of, newest first. Raises KeyError."""
    which = pots(now or timezone.now())[pot]
    account = ledger.account(Account.Kind.SELLER, currency, seller)
    rows = waiting(account).filter(which)
    return rows.select_related("purchase__version", "source__owner", "target__owner").order_by("-pk")


def waiting(account: Account) -> "Waiting":
    """Postings of a seller's account that no payout has, each with what it adds as `signed`."""
    of_purchase = {"purchase": OuterRef("purchase")}
    disputes = Chargeback.objects.filter(**of_purchase, state=Chargeback.State.OPEN)
    under_way = Refund.objects.filter(**of_purchase, state=Refund.State.PENDING)
    lines = PayoutLine.objects.filter(posting=OuterRef("pk"), returned=False)
    own = Posting.objects.filter(Q(source=account) | Q(target=account)).exclude(reason=Posting.Reason.PAYOUT)
    return own.filter(~Exists(lines)).order_by("pk").annotate(
        signed=Case(When(target=account, then=F("amount")), default=-F("amount"), output_field=BigIntegerField()),
        in_dispute=Exists(disputes) | Exists(under_way),
    )  # fmt: skip


def payable(account: Account, now: datetime) -> "Waiting":
    return waiting(account).filter(in_dispute=False, purchase__paid_at__lt=last_payable(now))


def last_payable(now: datetime) -> datetime:
    """What was paid before this moment may be paid out now: the delay is over."""
    return days.begins(now, -settings.PAYOUT_DELAY_DAYS)


def minimum(currency: str) -> int:
    return int(settings.PAYOUT_MINIMUM[currency])


def next_date(seller: User, currency: str, now: datetime | None = None) -> date | None:
    """The first morning on which enough may be paid out, as things stand; None where nothing of that is in sight."""
    now = now or timezone.now()
    account = Account.objects.filter(kind=Account.Kind.SELLER, owner=seller, currency=currency).first()
    if account is None or holds.reason_for(seller, currency):
        return None
    total, when = 0, None
    for paid_at, signed in (
        waiting(account)
        .filter(in_dispute=False)
        .order_by("purchase__paid_at")
        .values_list("purchase__paid_at", "signed")
    ):
        assert paid_at
        total += signed
        when = max(next_run(now), timezone.localtime(ledger.payable_from(paid_at), zone()).date())
        if total >= minimum(currency):
            return when
    return None


def next_run(now: datetime) -> date:
    """Payouts are planned once a day, early in the morning."""
    return timezone.localtime(days.begins(now, 1), zone()).date()


def zone() -> tzinfo:
    return timezone.get_default_timezone()


def block_reason(seller: User, currency: str) -> str:
    return of(seller, currency).reason


def reason_of(seller: User, currency: str, sums: dict[str, int], on: date | None) -> str:
    if sum(sums.values()) < 0:
        return _("More was refunded than earned since the last payout. New sales make up for that first.")
    if blocked := holds.reason_for(seller, currency):
        return blocked
    if minimum(currency) <= sums["payable"] <= sum(sums.values()):
        return ""
    least = {"minimum": as_amount(minimum(currency), currency), "day": date_format(on, "DATE_FORMAT") if on else ""}
    if on and sums["payable"] <= sum(sums.values()):
        text = _("Each sale waits %(days)d days, so that it can be withdrawn from. The next payout is on %(day)s.")
        return text % {"days": settings.PAYOUT_DELAY_DAYS, **least}
    if sums["held"]:
        return _("A refund or a question of the buyer's bank is open. Its sale waits until that is decided.")
    return _("Payouts begin at %(minimum)s.") % least if sums["payable"] or sums["not_yet"] else ""


def plan(now: datetime | None = None) -> list[Payout]:
    """A payout for each seller who may have one. Run twice, or by two at once, it pays nothing twice."""
    now = now or timezone.now()
    accounts = Account.objects.filter(kind=Account.Kind.SELLER, postings_in__isnull=False).order_by("pk").distinct()
    planned = (planned_one(pk, now) for pk in accounts.values_list("pk", flat=True))
    return [payout for payout in planned if payout is not None]


def planned_one(account_id: int, now: datetime) -> Payout | None:
    """One that fails unforeseen does not hold up the others."""
    try:
        return plan_one(account_id, now)
    except Exception:
        logger.exception("No payout could be planned for account %s", account_id)
        return None


def plan_one(account_id: int, now: datetime) -> Payout | None:
    with transaction.atomic():
        account = Account.objects.select_for_update(of=("self",)).select_related("owner").get(pk=account_id)
        seller, currency = account.owner, account.currency
        if seller is None or holds.reason_for(seller, currency):
            return None
        lines = list(payable(account, now))
        amount = sum(line.signed for line in lines)
        if amount < minimum(currency) or amount > ledger.balance(account):
            return None
        bank = PayoutAccount.objects.get(owner=seller, currency=currency)
        payout = Payout.objects.create(seller=seller, account=bank, amount=amount, currency=currency)
        PayoutLine.objects.bulk_create(PayoutLine(payout=payout, posting=line) for line in lines)
        ledger.post_payout(payout)
        tell(payout)
    return payout


def send(payout: Payout) -> bool:
    """Planned to sent, and to paid where that is known at once. False where a person has to do it."""
    transfer = transfers().send(payout)
    if transfer is None:
        return False
    sent(payout)
    return paid(payout, transfer.reference) if transfer.paid else True


def sent(payout: Payout) -> bool:
    """The order is with the bank."""
    return become(payout, State.SENT, [State.PLANNED])


def hand_over(batch: str) -> list[Payout]:
    """All that are planned count as sent, under the batch's name. Called again, the same name gives the same ones."""
    with transaction.atomic():
        for payout in open_ones():
            become(payout, State.SENT, [State.PLANNED], reference=batch)
    of_batch = Payout.objects.filter(state=State.SENT, reference=batch).exclude(reference="")
    return list(of_batch.select_related("seller", "account").order_by("created_at"))


def paid(payout: Payout, reference: str) -> bool:
    """The seller's bank has it."""
    return become(payout, State.PAID, [State.PLANNED, State.SENT], reference=reference, settled_at=timezone.now())


def failed(payout: Payout, reason: str) -> bool:
    """It came back: the amount is the seller's again, and goes into the next payout."""
    with transaction.atomic():
        lost = become(
            payout, State.FAILED, [State.PLANNED, State.SENT, State.PAID], reason=reason, settled_at=timezone.now()
        )
        if lost:
            payout.lines.update(returned=True)
            ledger.post_payout_back(payout)
    return lost


def become(payout: Payout, state: str, before: list[str], **fields: object) -> bool:
    with transaction.atomic():
        changed = Payout.objects.filter(pk=payout.pk, state__in=before).update(state=state, **fields)
        payout.refresh_from_db()
        if changed:
            tell(payout)
    return bool(changed)


def tell(payout: Payout) -> None:
    title = as_amount(payout.amount, payout.currency)
    on = timezone.localtime(payout.settled_at or payout.created_at, zone()).date().isoformat()
    notifications.tell(
        payout.seller_id, "payout", title, "/studio/payouts/", state=payout.state, amount=payout.amount,
        currency=payout.currency, on=on, reason=payout.reason,
    )  # fmt: skip


def open_ones() -> Iterator[Payout]:
    """Planned, oldest first, with what the bank needs."""
    planned = Payout.objects.filter(state=State.PLANNED).select_related("seller", "account").order_by("created_at")
    return planned.iterator()
