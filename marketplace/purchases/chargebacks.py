"""A buyer's bank takes a payment back. What it says is final comes last, in whatever order the messages arrive."""

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from generation import notifications

from . import refunds
from .models import Chargeback, Purchase
from .providers.interface import ChargebackNews

State = Chargeback.State


def heard(news: ChargebackNews, purchase: Purchase) -> None:
    with transaction.atomic():
        row = refunds.locked(purchase)
        chargeback, opened = Chargeback.objects.get_or_create(
            reference=news.reference,
            defaults={
                "purchase": row, "amount": news.amount, "currency": news.currency, "reason": news.reason,
                "opened_at": news.opened_at,
            },
        )  # fmt: skip
        if opened:
            tell(row, chargeback)
        if news.state != State.OPEN:
            close(row, chargeback, news.state)


def close(purchase: Purchase, chargeback: Chargeback, state: str) -> None:
    open_one = Chargeback.objects.filter(pk=chargeback.pk, state=State.OPEN)
    if not open_one.update(state=state, settled_at=timezone.now()):
        return
    if state == State.LOST:
        refunds.take_lost(purchase)
        refunds.settle_access(purchase)


def tell(purchase: Purchase, chargeback: Chargeback) -> None:
    seller = purchase.version.listing.seller
    with translation.override(seller.language):
        reason = _("The buyer's bank is asking for a payment. Your share of this sale waits until that is decided.")
    address = f"/studio/sales/{purchase.public_id}/"
    notifications.tell(seller.pk, "notice", purchase.version.title, address, what="hold", reason=reason)
