from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import ListingVersion


class Decision(models.Model):
    """What staff decided about a listing version, and why. Never edited; a new view is a new decision."""

    class Outcome(models.TextChoices):
        APPROVE = "approve", _("approve")
        REJECT = "reject", _("reject")
        SUSPEND = "suspend", _("suspend")
        RESTORE = "restore", _("restore")

    # What answers a version in review; the others concern what is on sale already.
    OF_REVIEW = [Outcome.APPROVE, Outcome.REJECT]

    class ReasonCode(models.TextChoices):
        NONE = "", _("none")
        QUALITY = "quality", _("quality too low")
        COPIES = "copies", _("too close to the source images")
        RIGHTS = "rights", _("rights not shown")
        CONTENT = "content", _("content not allowed")
        WORDS = "words", _("title or description misleading")

    version = models.ForeignKey(
        ListingVersion, on_delete=models.PROTECT, related_name="decisions", verbose_name=_("listing version")
    )
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions", verbose_name=_("moderator")
    )
    outcome = models.CharField(_("decision"), max_length=10, choices=Outcome)
    reason_code = models.CharField(_("reason"), max_length=10, choices=ReasonCode, blank=True, default=ReasonCode.NONE)
    reason = models.TextField(_("reason, for the seller"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["approve", "restore"]) | (~Q(reason_code="") & ~Q(reason="")),
                name="refusal_says_why",
            )
        ]
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} · {self.version}"


class Suspension(models.Model):
    """Takes one ability from a person until a date. Enforced by SuspensionBackend."""

    class Ability(models.TextChoices):
        TRAIN = "train", _("training")
        SELL = "sell", _("selling")
        BUY = "buy", _("buying")

    # The permissions each ability stands for.
    PERMISSIONS = {
        Ability.TRAIN: {"generation.add_generationjob", "generation.add_sourceset"},
        Ability.SELL: {"listings.add_listing", "listings.change_listing"},
        Ability.BUY: {"purchases.add_purchase"},
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

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="suspension_says_why")]
        indexes = [models.Index(fields=["user", "until"], name="suspensions_in_force")]
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")

    def __str__(self) -> str:
        return f"{self.user} · {self.get_ability_display()}"


class Review(ListingVersion):
    """A sealed version as staff see it. The queue shows those that wait for a decision."""

    class Meta:
        proxy = True
        verbose_name = _("listing in review")
        verbose_name_plural = _("review queue")
