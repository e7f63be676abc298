"""The tasks that workers do for a job, and the numbered events that tell its story."""

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .jobs import GenerationJob
from .sources import Upload


class JobTask(models.Model):
    """A piece of work for one worker, held by a lease that the worker must keep renewing.

    `fence` rises with each claim. A worker writes its result only while the row still carries its fence, so one
    that slept past its lease can't overwrite what its successor did.
    """

    class Kind(models.TextChoices):
        INTAKE = "intake", _("intake")
        TRAIN = "train", _("train")
        SAMPLE = "sample", _("sample")
        FINISH = "finish", _("finish")
        # Of a job that has succeeded: its dataset's images are measured for curation.
        MEASURE = "measure", _("measure")

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    QUEUES = {
        Kind.INTAKE: "short",
        Kind.TRAIN: "training",
        Kind.SAMPLE: "sampling",
        Kind.FINISH: "sampling",
        Kind.MEASURE: "sampling",
    }

    job = models.ForeignKey(
        GenerationJob,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="tasks",
        verbose_name=_("generation job"),
    )
    upload = models.OneToOneField(
        Upload, on_delete=models.CASCADE, null=True, blank=True, related_name="task", verbose_name=_("upload")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    queue = models.CharField(_("queue"), max_length=20)
    # The shard of slots [first, first + count), relative to the job's first slot; count 0 for the other kinds.
    first = models.BigIntegerField(_("first slot"), default=0)
    count = models.PositiveIntegerField(_("number of images"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    # Tasks are claimed in this order: see turns.py.
    turn = models.BigIntegerField(_("turn"), default=0)
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    fence = models.PositiveIntegerField(_("fence"), default=0)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    worker = models.CharField(_("worker"), max_length=200, blank=True)
    output_key = models.CharField(_("storage key of the output"), max_length=200, blank=True)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    output = models.JSONField(_("output"), default=dict, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    # A task that failed is tried again no sooner than this.
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["queue", "state", "turn", "id"], name="tasks_in_turn"),
            models.Index(fields=["state", "lease_until"], name="tasks_by_lease"),
            # Those of a job that are queued, running or done, without going through all its shards.
            models.Index(fields=["job", "state"], name="tasks_of_job"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["job", "kind", "first"], name="one_task_per_shard"),
            models.CheckConstraint(
                condition=Q(kind="intake", upload__isnull=False, job__isnull=True)
                | (~Q(kind="intake") & Q(upload__isnull=True, job__isnull=False)),
                name="task_belongs_to_job_or_upload",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease_until__isnull=False), name="running_task_has_lease"
            ),
        ]
        verbose_name = _("job task")
        verbose_name_plural = _("job tasks")

    def __str__(self) -> str:
        return f"{self.kind} {self.first}+{self.count}"

    @property
    def owner(self) -> AbstractBaseUser | None:
        return self.job.owner if self.job else self.upload.source_set.owner if self.upload else None

    @property
    def language(self) -> str:
        """Of whoever reads why it failed."""
        return getattr(self.owner, "language", settings.LANGUAGE_CODE)

    @property
    def ticket(self) -> str:
        """RQ's job id: the same attempt of the same task is never queued twice."""
        return f"task-{self.pk}-{self.attempt}"


class JobEvent(models.Model):
    """One row of what happened. Never edited; its number follows commit order within the job."""

    job = models.ForeignKey(
        GenerationJob, on_delete=models.CASCADE, related_name="events", verbose_name=_("generation job")
    )
    number = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=30)
    payload = models.JSONField(_("payload"), default=dict)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="event_numbers_are_unique")]
        verbose_name = _("job event")
        verbose_name_plural = _("job events")

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"
