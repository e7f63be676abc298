from typing import Any

from django import template

from marketplace.listings.models import Listing
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
