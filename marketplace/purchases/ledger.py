"""Double entry. A posting moves an amount from one account to another, so the sum of all balances is always nothing."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from marketplace.accounts.models import User

from . import days
from .models import Account, Chargeback, Payout, PayoutLine, Posting, Purchase, Refund

Kind = Account.Kind
Reason = Posting.Reason
BACK = (Reason.REFUND, Reason.CHARGEBACK)
# Where money that went back to a buyer is found.
GIVEN = (Kind.REFUNDS, Kind.CHARGEBACKS)
SALE_REASONS: dict[str, str] = {
    Kind.SELLER: Reason.SALE,
    Kind.PLATFORM_FEE: Reason.FEE,
    Kind.TAX: Reason.TAX,
    Kind.PROCESSOR_FEE: Reason.PROCESSOR_FEE,
}


def account(kind: str, currency: str, owner: User | None = None) -> Account:
    return Account.objects.get_or_create(kind=kind, currency=currency, owner=owner)[0]


def balance(account: Account) -> int:
    """In the smallest unit. Below zero for accounts that money came from: what buyers paid is owed by nobody else."""
    received = account.postings_in.aggregate(total=Sum("amount"))["total"] or 0
    given = account.postings_out.aggregate(total=Sum("amount"))["total"] or 0
    return received - given


def with_balances(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Each with what balance() says, as `held`, in one query."""

    def moved(side: str) -> Coalesce:
        sums = Posting.objects.filter(**{side: OuterRef("pk")}).order_by().values(side).annotate(total=Sum("amount"))
        return Coalesce(Subquery(sums.values("total")), 0)

    return accounts.annotate(held=moved("target") - moved("source"))


def earnings(seller: User) -> list[tuple[int, str]]:
    """What a seller has earned and not been paid out, by currency."""
    accounts = Account.objects.filter(kind=Kind.SELLER, owner=seller).order_by("currency")
    return [(amount, one.currency) for one in accounts if (amount := balance(one)) > 0]


def shares(purchase: Purchase) -> dict[str, int]:
    """The split, as it was frozen. Its sum is the price."""
    return {
        Kind.SELLER: purchase.earned,
        Kind.PLATFORM_FEE: purchase.fee,
        Kind.TAX: purchase.tax,
        Kind.PROCESSOR_FEE: purchase.processor_fee,
    }


def post_sale(purchase: Purchase) -> None:
    """Splits what the buyer paid. A free purchase moves nothing."""
    paid = of_purchase(Kind.BUYER_PAYMENTS, purchase)
    for kind, amount in shares(purchase).items():
        if amount:
            post(SALE_REASONS[kind], paid, of_purchase(kind, purchase), amount, purchase=purchase)


def post_back(
    purchase: Purchase, amount: int, into: str, keeps_fee: bool = False, refund: Refund | None = None
) -> None:
    """Gives `amount` back out of the shares of the sale; below zero, it returns to them.

    Each account gives its share of all that was given back so far, in whole units. The units that this leaves come from
    the account for rounding, which is even again once everything was given back. A provider that keeps its fee all the
    same is paid it by the house.
    """
    reason = Reason.REFUND if into == Kind.REFUNDS else Reason.CHARGEBACK
    given = given_back(purchase)
    after = amount - sum(given.get(kind, 0) for kind in GIVEN)
    parts = {kind: share * after // purchase.price - given.get(kind, 0) for kind, share in shares(purchase).items()}
    parts[Kind.ROUNDING] = amount - sum(parts.values())
    for kind, part in parts.items():
        move(purchase, reason, kind, into, part, refund)
    if keeps_fee:
        kept = parts[Kind.PROCESSOR_FEE]
        move(purchase, Reason.PROCESSOR_FEE, Kind.PLATFORM_FEE, Kind.PROCESSOR_FEE, kept, refund)


def given_back(purchase: Purchase) -> dict[str, int]:
    """What each account gave for this purchase so far, less what it got again. Of the last two: below zero."""
    totals: dict[str, int] = defaultdict(int)
    moved = purchase.postings.filter(reason__in=BACK).order_by().values_list("source__kind", "target__kind")
    for source, target, amount in moved.annotate(total=Sum("amount")):
        totals[source] += amount
        totals[target] -= amount
    return totals


def post_payout(payout: Payout) -> None:
    held = account(Kind.SELLER, payout.currency, payout.seller)
    post(Reason.PAYOUT, held, account(Kind.PAYOUTS, payout.currency), payout.amount, payout=payout)


def post_payout_back(payout: Payout) -> None:
    held = account(Kind.SELLER, payout.currency, payout.seller)
    post(Reason.PAYOUT, account(Kind.PAYOUTS, payout.currency), held, payout.amount, payout=payout)


def of_purchase(kind: str, purchase: Purchase) -> Account:
    return account(kind, purchase.currency, purchase.version.listing.seller if kind == Kind.SELLER else None)


def move(purchase: Purchase, reason: str, source: str, target: str, amount: int, refund: Refund | None = None) -> None:
    """Between accounts of two kinds; below zero, the other way round."""
    if amount < 0:
        source, target, amount = target, source, -amount
    if amount:
        ends = of_purchase(source, purchase), of_purchase(target, purchase)
        post(reason, *ends, amount, purchase=purchase, refund=refund)


def post(
    reason: str,
    source: Account,
    target: Account,
    amount: int,
    purchase: Purchase | None = None,
    refund: Refund | None = None,
    payout: Payout | None = None,
) -> Posting:
    return Posting.objects.create(
        source=source, target=target, amount=amount, currency=source.currency, reason=reason,
        purchase=purchase, refund=refund, payout=payout,
    )  # fmt: skip


def postings_of(purchase: Purchase) -> QuerySet[Posting]:
    """All that moved for it, the first first, with both accounts."""
    return purchase.postings.select_related("source__owner", "target__owner", "refund")


@dataclass(frozen=True)
class Earning:
    """One sale from what the buyer paid to what the seller may have, and when: gross - fee - refunded = net."""

    purchase: Purchase
    gross: int
    fee: int
    refunded: int
    net: int
    # A bank is asking the money back, or it is on its way to the buyer: nobody knows the day.
    disputed: bool
    payable_on: datetime | None
    payout: Payout | None

    @property
    def currency(self) -> str:
        return self.purchase.currency

    @property
    def paid_in(self) -> Payout | None:
        """None where a planned payout holds the sale and what went back of it, which cancel out."""
        cancelled_out = self.payout is not None and self.payout.state == Payout.State.PLANNED and self.net <= 0
        return None if cancelled_out else self.payout


def chain(seller: User, currency: str, since: datetime | None = None, until: datetime | None = None) -> list[Earning]:
    """The sales of a time, newest first. A figure's postings: postings_of(row.purchase)."""
    return earnings_of(sold_by(seller, currency, since, until))


def sold_by(
    seller: User, currency: str, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Purchase]:
    sold = Purchase.objects.filter(version__listing__seller=seller, currency=currency, paid_at__isnull=False)
    if since is not None:
        sold = sold.filter(paid_at__gte=since)
    if until is not None:
        sold = sold.filter(paid_at__lt=until)
    return sold.select_related("version__listing__seller").order_by("-paid_at", "-pk")


def earnings_of(purchases: Iterable[Purchase]) -> list[Earning]:
    """For one page of purchases, in a number of queries that does not grow."""
    rows = list(purchases)
    keys = [row.pk for row in rows]
    net, refunded, disputed = moved_to_sellers(keys), moved_back(keys), in_dispute(keys)
    paid_out = {
        line.posting.purchase_id: line.payout
        for line in PayoutLine.objects.filter(
            posting__purchase__in=keys, posting__reason=Reason.SALE, returned=False
        ).select_related("posting", "payout")
    }
    return [as_earning(row, net[row.pk], refunded[row.pk], row.pk in disputed, paid_out.get(row.pk)) for row in rows]


def as_earning(purchase: Purchase, net: int, refunded: int, disputed: bool, payout: Payout | None) -> Earning:
    on = None if disputed or purchase.paid_at is None else payable_from(purchase.paid_at)
    fee = purchase.price - refunded - net
    return Earning(purchase, purchase.price, fee, refunded, net, disputed, on, payout)


def payable_from(paid_at: datetime) -> datetime:
    """The morning after the last day of the delay."""
    return days.begins(paid_at, settings.PAYOUT_DELAY_DAYS + 1)


def moved_to_sellers(purchases: list[int]) -> dict[int, int]:
    return moved(purchases, Q(target__kind=Kind.SELLER), Q(source__kind=Kind.SELLER))


def moved_back(purchases: list[int]) -> dict[int, int]:
    return moved(purchases, Q(target__kind__in=GIVEN), Q(source__kind__in=GIVEN))


def moved(purchases: list[int], inwards: Q, outwards: Q) -> dict[int, int]:
    """By purchase, what its postings moved inwards less what they moved outwards."""
    totals: dict[int, int] = defaultdict(int)
    rows = Posting.objects.filter(purchase__in=purchases).order_by().values_list("purchase")
    sums = rows.annotate(
        inwards=Coalesce(Sum("amount", filter=inwards), 0), outwards=Coalesce(Sum("amount", filter=outwards), 0)
    )
    for purchase, gained, lost in sums:
        totals[purchase] = gained - lost
    return totals


def in_dispute(purchases: list[int]) -> set[int]:
    """Those whose money may yet go back: a chargeback is open or a refund under way."""
    open_ones = Chargeback.objects.filter(purchase__in=purchases, state=Chargeback.State.OPEN)
    under_way = Refund.objects.filter(purchase__in=purchases, state=Refund.State.PENDING)
    return set(open_ones.values_list("purchase", flat=True)) | set(under_way.values_list("purchase", flat=True))
