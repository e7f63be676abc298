from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SuspensionQuerySet(models.QuerySet["Suspension"]):
    def in_force(self) -> Self:
        return self.filter(until__gt=timezone.now(), lifted_at__isnull=True)


class Suspension(models.Model):
    """Takes one ability from a person until a date. SuspensionBackend and entrance.py see to it."""

    class Ability(models.TextChoices):
        TRAIN = "train", _("training")
        SELL = "sell", _("selling")
        BUY = "buy", _("buying")
        WITHDRAW = "withdraw", _("payouts")
        SIGN_IN = "sign_in", _("signing in")

    # The permissions each ability stands for. Signing in is none: it comes before all of them.
    PERMISSIONS = {
        Ability.TRAIN: {"generation.add_generationjob", "generation.add_sourceset"},
        Ability.SELL: {"listings.add_listing", "listings.change_listing"},
        Ability.BUY: {"purchases.add_purchase"},
        Ability.WITHDRAW: {"purchases.add_payout"},
    }

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="suspensions", verbose_name=_("person")
    )
    ability = models.CharField(_("ability"), max_length=10, choices=Ability)
    reason = models.TextField(_("reason, for the person"))
    imposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("imposed by")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    until = models.DateTimeField(_("until"))
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)

    objects = SuspensionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="suspension_says_why")]
        indexes = [models.Index(fields=["user", "until"], name="suspensions_in_force")]
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")

    def __str__(self) -> str:
        return f"{self.user} · {self.get_ability_display()}"

    @property
    def in_force(self) -> bool:
        return self.lifted_at is None and self.until > timezone.now()

    @property
    def can_be_appealed(self) -> bool:
        return self.in_force and not hasattr(self, "appeal")
