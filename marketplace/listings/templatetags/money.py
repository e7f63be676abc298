from django import template
from django.utils.translation import gettext as _

from marketplace.listings.rules import as_amount

register = template.Library()


@register.filter
def money(amount: int, currency: str) -> str:
    """A price; of nothing it is said that it is free."""
    return as_amount(amount, currency) if amount else _("Free")


register.filter("amount", as_amount)
