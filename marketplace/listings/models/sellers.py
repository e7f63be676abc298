from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .listings import Listing


class SellerProfile(models.Model):
    """What buyers are shown of a seller, with the business data that Korean law asks for."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="seller_profile", verbose_name=_("seller")
    )
    about = models.TextField(_("about"), blank=True)
    website = models.URLField(_("website"), blank=True)
    # A private person has none of these but the contact address.
    is_business = models.BooleanField(_("sells as a business"), default=False)
    business_name = models.CharField(_("business name"), max_length=120, blank=True)
    representative = models.CharField(_("representative"), max_length=120, blank=True)
    registration_number = models.CharField(_("business registration number"), max_length=40, blank=True)
    mail_order_number = models.CharField(_("mail-order report number"), max_length=60, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    contact_email = models.EmailField(_("contact e-mail"), blank=True)
    # Staff looked at the business data.
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("seller profile")
        verbose_name_plural = _("seller profiles")

    def __str__(self) -> str:
        return self.business_name or str(self.user)


class Question(models.Model):
    """Asked before buying; shown on the listing's page once the seller has answered."""

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="questions", verbose_name=_("listing"))
    asker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="questions", verbose_name=_("asker")
    )
    text = models.TextField(_("question"))
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    answer = models.TextField(_("answer"), blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    hidden_at = models.DateTimeField(_("hidden"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["listing", "-created_at"], name="questions_of_listing")]
        verbose_name = _("question")
        verbose_name_plural = _("questions")

    def __str__(self) -> str:
        return f"{self.listing} · {self.text[:40]}"
