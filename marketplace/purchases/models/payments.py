import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import CURRENCIES

from .purchases import Purchase


def soon() -> datetime:
    """Whoever took a message is handling it."""
    return timezone.now() + timedelta(seconds=5)


class PaymentEvent(models.Model):
    """What a payment provider told us, once for each event of theirs, however often and in whatever order it comes."""

    provider = models.CharField(_("payment provider"), max_length=20)
    event_id = models.CharField(_("number of the event"), max_length=200)
    kind = models.CharField(_("kind"), max_length=100)
    payload = models.JSONField(_("content"))
    created_at = models.DateTimeField(_("received"), auto_now_add=True)
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True)
    # The next attempt, should the one under way come to nothing.
    try_at = models.DateTimeField(_("tried again"), default=soon)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["try_at"], name="events_to_handle", condition=Q(handled_at__isnull=True))]
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="payment_event_comes_once")]
        verbose_name = _("payment event")
        verbose_name_plural = _("payment events")

    def __str__(self) -> str:
        return f"{self.provider} · {self.kind}"


class Refund(models.Model):
    """Money on its way back to a buyer, in whole or in part. Posted once the provider has it."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    class Reason(models.TextChoices):
        WITHDRAWAL = "withdrawal", _("withdrawal within seven days")
        STAFF = "staff", _("by staff")
        TAKEDOWN = "takedown", _("taken down")
        CHARGEBACK = "chargeback", _("chargeback")
        DUPLICATE = "duplicate", _("paid twice")

    public_id = models.UUIDField(_("public number"), default=uuid.uuid4, unique=True, editable=False)
    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("purchase"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    note = models.TextField(_("note"), blank=True)
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3, choices=CURRENCIES)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    provider_reference = models.CharField(_("reference of the provider"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    tried_at = models.DateTimeField(_("last attempt"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["tried_at"], name="refunds_to_send", condition=Q(state="pending"))]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_gives_something"),
            models.UniqueConstraint(
                fields=["provider_reference"], condition=~Q(provider_reference=""), name="one_refund_per_reference"
            ),
        ]
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")

    def __str__(self) -> str:
        return f"{self.get_reason_display()} · {self.purchase}"


class Chargeback(models.Model):
    """A buyer's bank took a payment back, or asks whether it may. While it is open the seller's share waits."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    purchase = models.ForeignKey(
        Purchase, on_delete=models.PROTECT, related_name="chargebacks", verbose_name=_("purchase")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    reference = models.CharField(_("reference of the provider"), max_length=200, unique=True)
    reason = models.CharField(_("reason"), max_length=100, blank=True)
    amount = models.PositiveBigIntegerField(_("amount"))
    # What the ledger gave of it: never more than was left of the payment after refunds.
    taken = models.PositiveBigIntegerField(_("taken"), default=0)
    currency = models.CharField(_("currency"), max_length=3, choices=CURRENCIES)
    opened_at = models.DateTimeField(_("opened"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.CheckConstraint(condition=Q(taken__lte=models.F("amount")), name="chargeback_takes_no_more"),
            models.CheckConstraint(condition=Q(taken=0) | Q(state="lost"), name="only_a_lost_chargeback_takes"),
        ]
        verbose_name = _("chargeback")
        verbose_name_plural = _("chargebacks")

    def __str__(self) -> str:
        return f"{self.get_state_display()} · {self.purchase}"
