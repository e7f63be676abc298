import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import CURRENCIES, ListingVersion
from marketplace.listings.rules import as_amount


class Purchase(models.Model):
    """One buyer, one listing version; price, fee and licence as they were at that moment."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        PAID = "paid", _("paid")
        REFUNDED = "refunded", _("refunded")

    public_id = models.UUIDField(_("public number"), default=uuid.uuid4, unique=True, editable=False)
    buyer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="purchases", verbose_name=_("buyer")
    )
    version = models.ForeignKey(
        ListingVersion, on_delete=models.PROTECT, related_name="purchases", verbose_name=_("listing version")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    price = models.PositiveBigIntegerField(_("price"))
    fee = models.PositiveBigIntegerField(_("fee"))
    currency = models.CharField(_("currency"), max_length=3, choices=CURRENCIES)
    licence_sha256 = models.CharField(_("SHA-256 of the licence"), max_length=64)
    provider = models.CharField(_("payment provider"), max_length=20)
    provider_reference = models.CharField(_("reference of the provider"), max_length=100, blank=True)
    # One per click path: a repeated request finds the same row.
    attempt_key = models.CharField(_("key of the checkout"), max_length=100)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    refunded_at = models.DateTimeField(_("refunded"), null=True, blank=True)
    delivery_started_at = models.DateTimeField(_("delivery began"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["buyer", "-created_at"], name="purchases_of_buyer")]
        constraints = [
            models.UniqueConstraint(fields=["buyer", "attempt_key"], name="one_purchase_per_attempt"),
            models.UniqueConstraint(
                fields=["buyer", "version"], condition=Q(state="paid"), name="a_version_is_bought_once"
            ),
            models.CheckConstraint(condition=Q(fee__lte=models.F("price")), name="fee_within_price"),
            models.CheckConstraint(
                condition=~Q(state="paid") | Q(paid_at__isnull=False), name="paid_purchase_has_time"
            ),
        ]
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")

    def __str__(self) -> str:
        return f"{self.version.title} · {as_amount(self.price, self.currency)}"


class Account(models.Model):
    """A pot of the ledger. Its balance is the sum of its postings and is stored nowhere."""

    class Kind(models.TextChoices):
        BUYER_PAYMENTS = "buyer_payments", _("buyer payments")
        SELLER = "seller", _("seller")
        PLATFORM_FEE = "platform_fee", _("platform fee")
        PROCESSOR_FEE = "processor_fee", _("processor fee")
        TAX = "tax", _("tax")
        ROUNDING = "rounding", _("rounding")
        REFUNDS = "refunds", _("refunds")
        CHARGEBACKS = "chargebacks", _("chargebacks")
        PAYOUTS = "payouts", _("payouts")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="ledger_accounts",
        verbose_name=_("owner"),
    )
    currency = models.CharField(_("currency"), max_length=3, choices=CURRENCIES)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "owner", "currency"], name="one_account_per_owner"),
            models.UniqueConstraint(
                fields=["kind", "currency"], condition=Q(owner__isnull=True), name="one_account_of_the_house"
            ),
        ]
        verbose_name = _("ledger account")
        verbose_name_plural = _("ledger accounts")

    def __str__(self) -> str:
        return " · ".join(str(part) for part in (self.get_kind_display(), self.owner, self.currency) if part)


class Posting(models.Model):
    """Moves an amount from one account to another, so the ledger balances by construction.

    Triggers in both databases refuse to change or delete a row; a mistake is undone by a posting back.
    """

    class Reason(models.TextChoices):
        SALE = "sale", _("sale")
        FEE = "fee", _("fee")
        REFUND = "refund", _("refund")
        PAYOUT = "payout", _("payout")
        CHARGEBACK = "chargeback", _("chargeback")

    source = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="postings_out", verbose_name=_("from account")
    )
    target = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="postings_in", verbose_name=_("to account")
    )
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3, choices=CURRENCIES)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    purchase = models.ForeignKey(
        Purchase,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="postings",
        verbose_name=_("purchase"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="posting_moves_something"),
            models.CheckConstraint(condition=~Q(source=models.F("target")), name="posting_between_two_accounts"),
            models.UniqueConstraint(
                fields=["purchase", "reason"], condition=Q(reason__in=["sale", "fee"]), name="a_sale_is_posted_once"
            ),
        ]
        verbose_name = _("posting")
        verbose_name_plural = _("postings")

    def __str__(self) -> str:
        return f"{self.get_reason_display()} · {as_amount(self.amount, self.currency)}"


class Download(models.Model):
    """Delivery of a bundle began: what a withdrawal within seven days is decided by."""

    purchase = models.ForeignKey(
        Purchase, on_delete=models.PROTECT, related_name="downloads", verbose_name=_("purchase")
    )
    file_name = models.CharField(_("file"), max_length=200)
    started_at = models.DateTimeField(_("began"), auto_now_add=True)

    class Meta:
        ordering = ["-started_at"]
        verbose_name = _("download")
        verbose_name_plural = _("downloads")

    def __str__(self) -> str:
        return self.file_name
