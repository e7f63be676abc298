from django import template
from django.utils.translation import gettext as _

from marketplace.listings.models import MINOR_DIGITS

register = template.Library()


@register.filter
def money(amount: int, currency: str) -> str:
    """Minor units as people write them: 4,900원 or ₩4,900, $12.50; nothing is said to be free."""
    if amount == 0:
        return _("Free")
    digits = MINOR_DIGITS[currency]
    figure = f"{amount / 10**digits:,.{digits}f}"
    return _("₩%(figure)s") % {"figure": figure} if currency == "KRW" else _("$%(figure)s") % {"figure": figure}
