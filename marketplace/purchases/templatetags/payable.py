from datetime import datetime

from django import template

from marketplace.purchases import ledger

register = template.Library()


@register.filter
def payable(paid_at: datetime) -> datetime:
    """From when a sale that was paid then may be paid out."""
    return ledger.payable_from(paid_at)
