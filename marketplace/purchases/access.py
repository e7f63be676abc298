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


def own_purchases(user: User) -> QuerySet[Purchase]:
    return purchases().filter(buyer=user)


def purchase_for(user: User | AnonymousUser, public_id: UUID | str) -> Purchase:
    """The buyer's own; any for staff."""
    allowed = purchases() if user.is_staff else purchases().filter(buyer=user.pk)
    purchase = allowed.filter(public_id=public_id).first()
    if purchase is None:
        raise Http404
    return purchase
