"""What a person is told about things that went on without them."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .jobs import GenerationJob


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def mark_read(self) -> int:
        return self.unread().update(read_at=timezone.now())


class Notification(models.Model):
    """One line in a person's list. Written in the transaction of what it tells of, at most one of a kind for a job."""

    class Kind(models.TextChoices):
        SUCCEEDED = "succeeded", _("dataset ready")
        FAILED = "failed", _("job failed")
        SALE = "sale", _("sale")
        DECISION = "decision", _("decision")
        PAYOUT = "payout", _("payout")
        REFUND = "refund", _("refund")
        QUESTION = "question", _("question")
        ANSWER = "answer", _("answer")
        REVIEW = "review", _("review")
        NEW = "new", _("new listing or version")
        PRICE = "price", _("lower price")
        NOTICE = "notice", _("notice")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notifications", verbose_name=_("owner")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    # For what is told of a job; anything else has a title and an address of its own.
    job = models.ForeignKey(
        GenerationJob,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="notifications",
        verbose_name=_("generation job"),
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    # What its sentence is made of, in the language of whoever reads it.
    details = models.JSONField(_("details"), default=dict, blank=True)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    # Where a letter was asked for: due from then on, until it was handed to the mail server.
    mail_due_at = models.DateTimeField(_("letter due at"), null=True, blank=True)
    mailed_at = models.DateTimeField(_("letter sent at"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="notifications_of_owner"),
            models.Index(fields=["owner"], name="notifications_unread", condition=Q(read_at__isnull=True)),
            models.Index(
                fields=["mail_due_at"],
                name="letters_to_send",
                condition=Q(mail_due_at__isnull=False, mailed_at__isnull=True),
            ),
        ]
        constraints = [models.UniqueConstraint(fields=["job", "kind"], name="job_is_told_of_once")]
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.job or self.title}"

    def get_absolute_url(self) -> str:
        return self.job.get_absolute_url() if self.job else self.address

    @property
    def name(self) -> str:
        """What it is about."""
        return self.job.source_set.name if self.job else self.title

    @property
    def sentence(self) -> str:
        """What happened, in plain text and the reader's language."""
        return " ".join(render_to_string("notifications/sentence.txt", {"one": self, "told": self.details}).split())
