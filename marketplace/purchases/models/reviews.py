from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import Listing

from .purchases import Purchase


class Review(models.Model):
    """What somebody who bought a version says of it, once. The seller may answer."""

    purchase = models.OneToOneField(
        Purchase, on_delete=models.PROTECT, related_name="review", verbose_name=_("purchase")
    )
    # That of the purchase's version, kept here for the listing's page.
    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="reviews", verbose_name=_("listing"))
    rating = models.PositiveSmallIntegerField(_("rating"), validators=[MinValueValidator(1), MaxValueValidator(5)])
    as_described = models.BooleanField(_("matches the description"), null=True, blank=True)
    useful = models.BooleanField(_("useful for training"), null=True, blank=True)
    licence_clear = models.BooleanField(_("licence is clear"), null=True, blank=True)
    text = models.TextField(_("text"), blank=True)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    answer = models.TextField(_("answer of the seller"), blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    # By staff, with a reason in the audit trail.
    hidden_at = models.DateTimeField(_("hidden"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["listing", "-created_at"], name="reviews_of_listing")]
        constraints = [models.CheckConstraint(condition=Q(rating__range=(1, 5)), name="rating_from_one_to_five")]
        verbose_name = _("review")
        verbose_name_plural = _("reviews")

    def __str__(self) -> str:
        return f"{self.listing} · {self.rating}"
