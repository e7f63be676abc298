from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import Http404

from marketplace.accounts.models import User

from .models import Purchase


def purchases() -> QuerySet[Purchase]:
    """With everything that the library shows of them, in a number of queries that does not grow."""
    related = ("buyer", "version__listing__seller", "version__dataset", "version__licence")
    return Purchase.objects.select_related(*related).prefetch_related("version__tails", "version__dataset__files")


def to_deliver() -> QuerySet[Purchase]:
    """With no more than a click on a file needs."""
    return Purchase.objects.select_related("version").order_by()


def own_purchases(user: User) -> QuerySet[Purchase]:
    return purchases().filter(buyer=user)


def purchase_for(
    user: User | AnonymousUser, public_id: UUID | str, among: QuerySet[Purchase] | None = None
) -> Purchase:
    """The buyer's own; any for staff."""
    rows = purchases() if among is None else among
    allowed = rows if user.is_staff else rows.filter(buyer=user.pk)
    purchase = allowed.filter(public_id=public_id).first()
    if purchase is None:
        raise Http404
    return purchase


def own_purchase(user: User, public_id: UUID | str) -> Purchase:
    """For doing something with it: the buyer alone."""
    purchase = own_purchases(user).filter(public_id=public_id).first()
    if purchase is None:
        raise Http404
    return purchase
