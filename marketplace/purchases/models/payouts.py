import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import CURRENCIES


class PayoutAccount(models.Model):
    """Where a seller's earnings in one currency go. Nothing is paid to it before it was verified."""

    class State(models.TextChoices):
        PENDING = "pending", _("being verified")
        VERIFIED = "verified", _("verified")
        REFUSED = "refused", _("refused")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payout_accounts", verbose_name=_("seller")
    )
    currency = models.CharField(_("currency"), max_length=3, choices=CURRENCIES)
    bank = models.CharField(_("bank"), max_length=80)
    holder = models.CharField(_("account holder"), max_length=120)
    # Encrypted; pages show the last four digits.
    number = models.TextField(_("account number"))
    last_digits = models.CharField(_("last digits"), max_length=4)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    reason = models.TextField(_("reason, for the seller"), blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("verified by"),
    )
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "currency"], name="one_payout_account_per_currency")]
        verbose_name = _("payout account")
        verbose_name_plural = _("payout accounts")

    def __str__(self) -> str:
        return f"{self.bank} ···{self.last_digits}"


class PayoutHold(models.Model):
    """Keeps a seller's earnings back, with a reason that they see and a date at which somebody looks again."""

    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payout_holds", verbose_name=_("seller")
    )
    reason = models.TextField(_("reason, for the seller"))
    imposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("imposed by")
    )
    review_at = models.DateTimeField(_("looked at again on"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="payout_hold_says_why")]
        verbose_name = _("payout hold")
        verbose_name_plural = _("payout holds")

    def __str__(self) -> str:
        return f"{self.seller} · {self.reason}"


class Payout(models.Model):
    """Earnings on their way to a seller. The amount leaves the seller's account of the ledger when it is made."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        SENT = "sent", _("sent")
        PAID = "paid", _("paid")
        FAILED = "failed", _("failed")

    public_id = models.UUIDField(_("public number"), default=uuid.uuid4, unique=True, editable=False)
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payouts", verbose_name=_("seller")
    )
    account = models.ForeignKey(
        PayoutAccount, on_delete=models.PROTECT, related_name="payouts", verbose_name=_("payout account")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3, choices=CURRENCIES)
    reference = models.CharField(_("reference of the transfer"), max_length=200, blank=True)
    reason = models.TextField(_("reason, for the seller"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["seller", "-created_at"], name="payouts_of_seller")]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="payout_pays_something")]
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")

    def __str__(self) -> str:
        return f"{self.seller} · {self.amount} {self.currency}"
