from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import ListingVersion

APPEAL_DAYS = 30


class Decision(models.Model):
    """What was decided about a listing version, and why. Never edited; a new view is a new decision."""

    class Outcome(models.TextChoices):
        APPROVE = "approve", _("approve")
        REJECT = "reject", _("reject")
        SUSPEND = "suspend", _("suspend")
        RESTORE = "restore", _("restore")

    # What answers a version in review; the others concern what is on sale already.
    OF_REVIEW = [Outcome.APPROVE, Outcome.REJECT]
    REFUSALS = [Outcome.REJECT, Outcome.SUSPEND]

    class ReasonCode(models.TextChoices):
        NONE = "", _("none")
        QUALITY = "quality", _("quality too low")
        COPIES = "copies", _("too close to the source images")
        RIGHTS = "rights", _("rights not shown")
        PEOPLE = "people", _("people without their consent")
        MINORS = "minors", _("minors")
        CONTENT = "content", _("content not allowed")
        WORDS = "words", _("title or description misleading")
        LEGAL = "legal", _("taken down after a notice")
        URGENT = "urgent", _("frozen at once, to be looked into")

    version = models.ForeignKey(
        ListingVersion, on_delete=models.PROTECT, related_name="decisions", verbose_name=_("listing version")
    )
    # None where a date came that a person had set.
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="decisions",
        verbose_name=_("moderator"),
    )
    outcome = models.CharField(_("decision"), max_length=10, choices=Outcome)
    reason_code = models.CharField(_("reason"), max_length=10, choices=ReasonCode, blank=True, default=ReasonCode.NONE)
    reason = models.TextField(_("reason, for the seller"), blank=True)
    fix = models.TextField(_("what to fix, for the seller"), blank=True, default="")
    deadline = models.DateField(_("to be fixed until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["approve", "restore"]) | (~Q(reason_code="") & ~Q(reason="")),
                name="refusal_says_why",
            ),
            models.CheckConstraint(
                condition=Q(moderator__isnull=False) | Q(outcome="restore"), name="only_a_return_needs_no_person"
            ),
        ]
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} · {self.version}"

    @property
    def can_be_appealed(self) -> bool:
        """Once, and not for ever. A takedown is answered by a counter-notice instead."""
        late = timezone.now() - self.created_at > timedelta(days=APPEAL_DAYS)
        open_to_it = self.outcome in self.REFUSALS and self.reason_code != self.ReasonCode.LEGAL
        return open_to_it and not late and not hasattr(self, "appeal")


class Review(ListingVersion):
    """A sealed version as staff see it. The queue shows those that wait for a decision."""

    class Meta:
        proxy = True
        verbose_name = _("listing in review")
        verbose_name_plural = _("review queue")
