"""What a seller sold. Every figure is a sum of postings, and names them. Two currencies are never added up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, Q, QuerySet, Sum, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce
from django.http import Http404

from marketplace.accounts.models import User

from . import ledger
from .models import Account, Posting, Purchase

Kind = Account.Kind
State = Purchase.State
FEES = (Kind.PLATFORM_FEE, Kind.PROCESSOR_FEE, Kind.TAX, Kind.ROUNDING)
# Each figure by what moves into it and what moves out of it.
FIGURES: dict[str, tuple[Q, Q]] = {
    "gross": (Q(source__kind=Kind.BUYER_PAYMENTS), Q(target__kind=Kind.BUYER_PAYMENTS)),
    "fee": (Q(target__kind__in=FEES), Q(source__kind__in=FEES)),
    "refunded": (Q(target__kind__in=ledger.GIVEN), Q(source__kind__in=ledger.GIVEN)),
    "net": (Q(target__kind=Kind.SELLER), Q(source__kind=Kind.SELLER)),
}


@dataclass(frozen=True)
class Totals:
    """gross - fee - refunded = net."""

    currency: str
    sold: int
    returned: int
    gross: int = 0
    fee: int = 0
    refunded: int = 0
    net: int = 0


def of(
    seller: User, since: datetime | None = None, until: datetime | None = None, currency: str = ""
) -> QuerySet[Purchase]:
    """Newest first. `until` is the first moment that no longer counts."""
    sold = Purchase.objects.filter(version__listing__seller=seller, paid_at__isnull=False)
    if since is not None:
        sold = sold.filter(paid_at__gte=since)
    if until is not None:
        sold = sold.filter(paid_at__lt=until)
    if currency:
        sold = sold.filter(currency=currency)
    return sold.select_related("version__listing__seller").order_by("-paid_at", "-pk")


def sale_of(seller: User, public_id: UUID) -> Purchase:
    purchase = of(seller).filter(public_id=public_id).first()
    if purchase is None:
        raise Http404
    return purchase


def totals(sold: QuerySet[Purchase]) -> list[Totals]:
    """In two queries, however many there are."""
    counted = sold.order_by("currency").values("currency")
    counts = counted.annotate(sold=Count("pk"), returned=Count("pk", filter=Q(state=State.REFUNDED)))
    moved = postings(sold).order_by().values("currency").annotate(**{name: summed(name) for name in FIGURES})
    figures: dict[str, Any] = {row["currency"]: row for row in moved}  # Any: a dict of integers, all but one
    return [Totals(**{**figures.get(row["currency"], {}), **row}) for row in counts]


def postings(sold: QuerySet[Purchase]) -> QuerySet[Posting]:
    return Posting.objects.filter(purchase__in=sold.order_by().values("pk"))


def summed(figure: str) -> CombinedExpression:
    inwards, outwards = FIGURES[figure]
    return Coalesce(Sum("amount", filter=inwards), 0) - Coalesce(Sum("amount", filter=outwards), 0)


def postings_behind(figure: str, sold: QuerySet[Purchase]) -> QuerySet[Posting]:
    """Those that a figure is the sum of, newest first, each with what it adds as `signed`."""
    inwards, outwards = FIGURES[figure]
    rows = postings(sold).filter(inwards | outwards).exclude(inwards & outwards)
    signed = Case(When(inwards, then=F("amount")), default=-F("amount"))
    related = rows.select_related("purchase__version", "source__owner", "target__owner", "refund")
    return related.annotate(signed=signed).order_by("-pk")
