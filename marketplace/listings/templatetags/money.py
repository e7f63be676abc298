from django import template
from django.utils.translation import gettext as _

from marketplace.listings.models import MINOR_DIGITS

register = template.Library()


@register.filter
def money(amount: int, currency: str) -> str:
    """A price; of nothing it is said that it is free."""
    return amount_in(amount, currency) if amount else _("Free")


@register.filter("amount")
def amount_in(amount: int, currency: str) -> str:
    """Minor units as people write them: ₩4,900, $12.50."""
    digits = MINOR_DIGITS[currency]
    sign = "−" if amount < 0 else ""
    figure = f"{abs(amount) / 10**digits:,.{digits}f}"
    return sign + (_("₩%(figure)s") if currency == "KRW" else _("$%(figure)s")) % {"figure": figure}
