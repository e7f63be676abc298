"""A buyer may withdraw for seven days, until delivery begins. Before it does, they say that they know so."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .models import Purchase

# Of the wording below, kept with each consent: change both together.
VERSION = "2026-11"
WORDING = _(
    "Delivery may begin at once. I know that I can withdraw from the purchase within seven days only as long as no "
    "download has begun, and that the free sample was there to try the dataset before."
)


def needed(purchase: Purchase) -> bool:
    """What cost nothing has nothing to be given back; what was opened can't be unopened."""
    paid = purchase.state == Purchase.State.PAID and purchase.price > 0
    return paid and purchase.consented_at is None and purchase.delivery_started_at is None


def restate(purchase: Purchase, agreed: bool) -> None:
    """What the buyer says when they go on with a checkout, in the place of what they said before."""
    said = {"consented_at": timezone.now(), "consent_version": VERSION} if agreed else {}
    silent = {"consented_at": None, "consent_version": ""}
    Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.PENDING).update(**silent | said)


def give(purchase: Purchase) -> bool:
    """False if it was given before; the first moment counts."""
    silent = Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.PAID, consented_at__isnull=True)
    given = silent.update(consented_at=timezone.now(), consent_version=VERSION)
    purchase.refresh_from_db(fields=["consented_at", "consent_version"])
    return bool(given)
