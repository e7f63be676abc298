from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .decisions import Decision
from .suspensions import Suspension


class Appeal(models.Model):
    """Asks another person to look at a decision or a suspension again. Once for each."""

    class State(models.TextChoices):
        OPEN = "open", _("being looked at")
        GRANTED = "granted", _("granted")
        DENIED = "denied", _("denied")

    decision = models.OneToOneField(
        Decision, on_delete=models.PROTECT, null=True, blank=True, related_name="appeal", verbose_name=_("decision")
    )
    suspension = models.OneToOneField(
        Suspension, on_delete=models.PROTECT, null=True, blank=True, related_name="appeal", verbose_name=_("suspension")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="appeals", verbose_name=_("asked by")
    )
    text = models.TextField(_("why it was wrong"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    answer = models.TextField(_("answer"), blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    created_at = models.DateTimeField(_("received"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["created_at"], name="appeals_to_decide", condition=Q(state="open"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(decision__isnull=False, suspension__isnull=True)
                | Q(decision__isnull=True, suspension__isnull=False),
                name="appeal_is_about_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(state="open") | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(answer="")),
                name="decided_appeal_has_an_answer",
            ),
        ]
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")

    def __str__(self) -> str:
        return str(self.decision or self.suspension)

    @property
    def against(self) -> int | None:
        """Whose word it is about: that person does not decide on it."""
        if self.decision is not None:
            return self.decision.moderator_id
        return self.suspension.imposed_by_id if self.suspension else None
