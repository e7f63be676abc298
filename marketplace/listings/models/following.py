from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .listings import Listing


class Wish(models.Model):
    """A listing on somebody's wish list."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="wishes", verbose_name=_("user")
    )
    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="wishes", verbose_name=_("listing"))
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["user", "listing"], name="a_listing_is_wished_for_once")]
        verbose_name = _("wish")
        verbose_name_plural = _("wishes")

    def __str__(self) -> str:
        return f"{self.user} · {self.listing}"


class Follow(models.Model):
    """Somebody wants to hear of a seller's new listings."""

    follower = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="follows", verbose_name=_("follower")
    )
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="followers", verbose_name=_("seller")
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["follower", "seller"], name="a_seller_is_followed_once"),
            models.CheckConstraint(condition=~Q(follower=models.F("seller")), name="nobody_follows_themselves"),
        ]
        verbose_name = _("follow")
        verbose_name_plural = _("follows")

    def __str__(self) -> str:
        return f"{self.follower} · {self.seller}"
