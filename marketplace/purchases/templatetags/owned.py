from typing import Any

from django import template
from django.db.models import QuerySet

from marketplace.listings.models import Listing, ListingVersion
from marketplace.purchases.models import Purchase

register = template.Library()


@register.simple_tag(takes_context=True)
def purchase_of(context: dict[str, Any], listing: Listing) -> Purchase | None:
    """What the reader bought of this listing, the newest version first."""
    user = context["request"].user
    if not user.is_authenticated:
        return None
    paid = Purchase.objects.filter(buyer=user, version__listing=listing, state=Purchase.State.PAID)
    return paid.select_related("version").order_by("-version__number").first()


@register.inclusion_tag("purchases/_versions.html", takes_context=True)
def version_list(context: dict[str, Any], versions: QuerySet[ListingVersion], listing: Listing) -> dict[str, Any]:
    """What is new in each version, and which the reader has."""
    user = context["request"].user
    owned: dict[int, Purchase] = {}
    if user.is_authenticated:
        paid = Purchase.objects.filter(buyer=user, version__listing=listing, state=Purchase.State.PAID)
        owned = {purchase.version_id: purchase for purchase in paid}
    return {"rows": [(version, owned.get(version.pk)) for version in versions], "listing": listing}
