"""A generation job: one request, and where it stands."""

import uuid
from collections.abc import Callable
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, F, FilteredRelation, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from .generators import Generator
from .sources import SourceSet


class JobQuerySet(models.QuerySet["GenerationJob"]):
    def for_lists(self) -> Self:
        """With what a row of a list shows, the number of the newest sample among it."""
        train = FilteredRelation("tasks", condition=Q(tasks__kind="train"))
        return self.select_related("source_set", "dataset", "parent").annotate(
            train_task=train, newest_sample=F("train_task__output__previews")
        )

    def counts(self) -> dict[str, int]:
        """How many there are in each state."""
        rows = self.order_by().values_list("state").annotate(n=Count("pk"))
        return dict(rows)


class GenerationJob(models.Model):
    """One request: this source set, this recipe, N images. This row is the truth; queues only carry tickets."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        STOPPING = "stopping", _("stopping")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    class StopIntent(models.TextChoices):
        NONE = "", _("none")
        DISCARD = "discard", _("discard")
        KEEP_BEST = "keep_best", _("keep the best")

    class Stage(models.TextChoices):
        PREPARING = "preparing", _("preparing")
        TRAINING = "training", _("training")
        SAMPLING = "sampling", _("sampling")
        SCREENING = "screening", _("screening")
        EVALUATING = "evaluating", _("evaluating")
        PACKING = "packing", _("packing")

    class Sharing(models.TextChoices):
        EQUAL = "equal", _("equally many of each label")
        PROPORTION = "proportion", _("in proportion to the source images")

    class Origin(models.TextChoices):
        NEW = "", _("new")
        MORE = "more", _("more images")
        AGAIN = "again", _("run again")
        RESUMED = "resumed", _("resumed")
        REFINED = "refined", _("refined")

    ACTIVE = (State.QUEUED, State.RUNNING, State.STOPPING)
    TERMINAL = (State.SUCCEEDED, State.FAILED, State.CANCELLED)

    public_id = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="jobs", verbose_name=_("owner")
    )
    source_set = models.ForeignKey(
        SourceSet, on_delete=models.PROTECT, related_name="jobs", verbose_name=_("source set")
    )
    count = models.PositiveIntegerField(_("number of images"))
    sharing = models.CharField(_("sharing among labels"), max_length=10, choices=Sharing, default=Sharing.EQUAL)
    seed = models.BigIntegerField(_("seed"))
    requested = models.JSONField(_("recipe requested"))
    resolved = models.JSONField(_("recipe resolved"), null=True, blank=True)
    # Low and high, as told to the person at submit.
    expected_seconds = models.JSONField(_("expected seconds"), default=list, blank=True)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent job")
    )
    origin = models.CharField(
        _("how it came from its parent"), max_length=10, choices=Origin, default=Origin.NEW, blank=True
    )
    starts_from = models.ForeignKey(
        Generator, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("starts from")
    )
    generator = models.ForeignKey(
        Generator, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs", verbose_name=_("generator")
    )
    first_slot = models.BigIntegerField(_("first slot"), null=True, blank=True)
    # Of the shards that are done, so that nobody has to count them: images, first attempts, and those of them rejected.
    images_done = models.PositiveIntegerField(_("images made so far"), default=0)
    images_tried = models.PositiveIntegerField(_("first attempts so far"), default=0)
    images_rejected = models.PositiveIntegerField(_("rejected first attempts so far"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    stop_intent = models.CharField(
        _("what to do when stopping"), max_length=10, choices=StopIntent, default=StopIntent.NONE, blank=True
    )
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.PREPARING)
    # Number of the newest event. Raised in the transaction that writes the event, so commit order is number order.
    last_event = models.PositiveIntegerField(_("number of the last event"), default=0)
    # The newest unnumbered tick, for whoever opens the page between two events.
    snapshot = models.JSONField(_("latest snapshot"), default=dict, blank=True)
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why it ended, for people."))
    traceback = models.TextField(_("traceback"), blank=True, help_text=_("For staff."))
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    mail_when_done = models.BooleanField(_("e-mail when it ends"), default=False)
    # When what it needed only while it ran was removed from the store.
    tidied_at = models.DateTimeField(_("tidied at"), null=True, blank=True, editable=False)

    objects = JobQuerySet.as_manager()

    # Of a worker's own copy: called in each transaction that writes about the job, and raises once it is another's.
    fence: Callable[[], None] | None = None

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="jobs_of_owner"),
            models.Index(fields=["state", "created_at"], name="jobs_by_state"),
            # Asked by every page of a signed-in person.
            models.Index(fields=["owner"], name="jobs_under_way", condition=Q(finished_at__isnull=True)),
            models.Index(fields=["finished_at"], name="jobs_to_tidy", condition=Q(tidied_at__isnull=True)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(count__gt=0), name="job_asks_for_images"),
            models.CheckConstraint(
                condition=Q(state__in=("queued", "running", "stopping"), finished_at__isnull=True)
                | Q(state__in=("succeeded", "failed", "cancelled"), finished_at__isnull=False),
                name="finished_job_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(generator__isnull=False), name="succeeded_job_has_generator"
            ),
        ]
        verbose_name = _("generation job")
        verbose_name_plural = _("generation jobs")

    def __str__(self) -> str:
        return f"{self.source_set.name} · {self.count}"

    def get_absolute_url(self) -> str:
        return reverse("job", args=[self.public_id])

    @property
    def is_terminal(self) -> bool:
        return self.state in self.TERMINAL

    @property
    def group(self) -> str:
        """Channel group of everyone who watches this job."""
        return f"job.{self.public_id.hex}"

    @property
    def figures(self) -> dict[str, Any]:  # Any: JSON values
        """The newest of this stage: those of an earlier one say nothing about how far it is."""
        return self.snapshot.get("data", {}) if self.snapshot.get("stage") == self.stage else {}

    @property
    def seconds(self) -> float | None:
        """From the first worker's claim to the end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()
