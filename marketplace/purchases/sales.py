"""What a seller sold. Figures of two currencies are never added up."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from marketplace.accounts.models import User

from . import ledger
from .models import Account, Purchase

State = Purchase.State


@dataclass(frozen=True)
class Sales:
    currency: str
    sold: int
    refunded: int
    paid: int
    fee: int
    balance: int

    @property
    def earned(self) -> int:
        return self.paid - self.fee


def newest(seller: User) -> QuerySet[Purchase]:
    sold = Purchase.objects.filter(version__listing__seller=seller).exclude(state=State.PENDING)
    return sold.select_related("version__listing")


def by_currency(seller: User) -> list[Sales]:
    paid = Q(state=State.PAID)
    rows = newest(seller).order_by("currency").values("currency")
    totals = rows.annotate(
        sold=Count("pk", filter=paid),
        refunded=Count("pk", filter=Q(state=State.REFUNDED)),
        paid=Sum("price", filter=paid, default=0),
        fee=Sum("fee", filter=paid, default=0),
    )
    balances = {one.currency: ledger.balance(one) for one in Account.objects.filter(kind="seller", owner=seller)}
    return [Sales(**row, balance=balances.get(row["currency"], 0)) for row in totals]
