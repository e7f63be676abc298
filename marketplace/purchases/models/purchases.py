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
    # The split, frozen: price = what the seller earns + fee + tax + processor_fee.
    fee = models.PositiveBigIntegerField(_("fee"))
    tax = models.PositiveBigIntegerField(_("tax"), default=0)
    processor_fee = models.PositiveBigIntegerField(_("fee of the payment provider"), default=0)
    currency = models.CharField(_("currency"), max_length=3, choices=CURRENCIES)
    licence_sha256 = models.CharField(_("SHA-256 of the licence"), max_length=64)
    provider = models.CharField(_("payment provider"), max_length=20)
    provider_reference = models.CharField(_("reference of the provider"), max_length=100, blank=True)
    # One per click path: a repeated request finds the same row.
    attempt_key = models.CharField(_("key of the checkout"), max_length=100)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    refunded_at = models.DateTimeField(_("refunded"), null=True, blank=True)
    # That delivery may begin at once, which ends the right to withdraw: when it was agreed to, and in which words.
    consented_at = models.DateTimeField(_("agreed to delivery"), null=True, blank=True)
    consent_version = models.CharField(_("version of the agreement"), max_length=20, blank=True)
    # Why the provider did not take the money, for the buyer; the purchase stays pending and may be paid again.
    failure = models.TextField(_("why it was not paid"), blank=True)
    # The provider's page on which the buyer pays: its number there, its address, and the how manyeth it is.
    session = models.CharField(_("number of the payment page"), max_length=200, blank=True)
    payment_page = models.TextField(_("address of the payment page"), blank=True)
    payment_number = models.PositiveSmallIntegerField(_("payment page, counted"), default=1)
    # When the provider is asked again what became of it, should no message of theirs arrive.
    look_at = models.DateTimeField(_("provider is asked again"), null=True, blank=True)
    delivery_started_at = models.DateTimeField(_("delivery began"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["buyer", "-created_at"], name="purchases_of_buyer"),
            models.Index(fields=["provider_reference"], name="purchases_by_payment"),
            models.Index(fields=["look_at"], name="payments_to_look_at", condition=Q(state="pending")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["buyer", "attempt_key"], name="one_purchase_per_attempt"),
            models.UniqueConstraint(
                fields=["buyer", "version"], condition=Q(state="paid"), name="a_version_is_bought_once"
            ),
            models.CheckConstraint(
                condition=Q(price__gte=models.F("fee") + models.F("tax") + models.F("processor_fee")),
                name="split_within_price",
            ),
            models.CheckConstraint(
                condition=~Q(state="paid") | Q(paid_at__isnull=False), name="paid_purchase_has_time"
            ),
        ]
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")

    def __str__(self) -> str:
        return f"{self.version.title} · {as_amount(self.price, self.currency)}"

    @property
    def earned(self) -> int:
        """What of the price is the seller's: all that the split gives to nobody else, fractions included."""
        return self.price - self.fee - self.tax - self.processor_fee


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
