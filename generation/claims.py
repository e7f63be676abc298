"""Claims: how one worker, and only one, comes to hold a task, and how it loses it.

Each write of a claim is filtered on the fence it was given, so the row count says whether it still holds the task.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from . import endings, summaries, tickets
from .models import GenerationJob, JobTask, Upload

LEASE = timedelta(seconds=10)
# A task that fails this often without getting any further is given up.
MAX_FAILURES = 3
BACK_OFF_SECONDS = 5

State = JobTask.State


class Lost(Exception):
    """The task is no longer ours: its lease ran out, or its job was ended."""


@dataclass
class Claim:
    task: JobTask
    fence: int

    @property
    def held(self) -> QuerySet[JobTask]:
        return JobTask.objects.filter(pk=self.task.pk, fence=self.fence, state=State.RUNNING)

    def renew(self) -> bool:
        return bool(self.held.update(lease_until=timezone.now() + LEASE))

    def advance(self, **output: Any) -> None:
        """Keeps how far the work is. With failures=0 the next attempt starts from here, and has not failed yet."""
        self.task.output = self.task.output | output
        if not self.held.update(output=self.task.output, lease_until=timezone.now() + LEASE):
            raise Lost

    def complete(self, output_key: str = "", sha256: str = "", output: dict[str, Any] | None = None) -> bool:
        done = {"output_key": output_key, "sha256": sha256, "output": self.task.output | (output or {})}
        return bool(self.held.update(state=State.DONE, finished_at=timezone.now(), last_error="", **done))

    def finish(self, output_key: str = "", sha256: str = "", output: dict[str, Any] | None = None) -> None:
        """complete(), for use in a transaction that must not commit when the claim is lost."""
        if not self.complete(output_key, sha256, output):
            raise Lost

    def fail(self, error: str, reason: str = "", *, final: bool = False) -> bool:
        """Tries again later, unless `final` or failed too often at the same place; then the job fails for `reason`."""
        return give_back(self.task, self.held, error, reason, final=final)


def add(
    kind: str, *, job: GenerationJob | None = None, upload: Upload | None = None, first: int = 0, count: int = 0
) -> JobTask:
    queue = JobTask.QUEUES[JobTask.Kind(kind)]
    task = JobTask.objects.create(job=job, upload=upload, kind=kind, queue=queue, first=first, count=count)
    tickets.put(task)
    return task


def add_shards(job: GenerationJob, count: int, size: int) -> list[JobTask]:
    queue = JobTask.QUEUES[JobTask.Kind.SAMPLE]
    shards = [
        JobTask(job=job, kind=JobTask.Kind.SAMPLE, queue=queue, first=first, count=min(size, count - first))
        for first in range(0, count, size)
    ]
    tasks = JobTask.objects.bulk_create(shards)
    for task in tasks:
        tickets.put(task)
    return tasks


def claim(queue: str, worker: str) -> Claim | None:
    while True:
        task = fairest(queue)
        if task is None:
            return None
        taken = JobTask.objects.filter(pk=task.pk, state=State.QUEUED, fence=task.fence).update(
            state=State.RUNNING,
            fence=task.fence + 1,
            attempt=F("attempt") + 1,
            lease_until=timezone.now() + LEASE,
            worker=worker[:200],
        )
        if taken:
            task.refresh_from_db()
            return Claim(task, task.fence)


def runnable(queue: str) -> QuerySet[JobTask]:
    due = Q(not_before__isnull=True) | Q(not_before__lte=timezone.now())
    return JobTask.objects.filter(due, queue=queue, state=State.QUEUED)


def fairest(queue: str) -> JobTask | None:
    """The oldest task of the owner with the fewest running tasks on this queue."""
    owned = Coalesce("job__owner_id", "upload__source_set__owner_id")
    running = JobTask.objects.filter(queue=queue, state=State.RUNNING).annotate(owner=owned).values("owner")
    shares = [When(owner=row["owner"], then=Value(row["n"])) for row in running.annotate(n=Count("pk")).order_by()]
    share = Case(*shares, default=Value(0), output_field=IntegerField())
    return runnable(queue).annotate(owner=owned).annotate(share=share).order_by("share", "created_at", "pk").first()


def give_back(task: JobTask, held: QuerySet[JobTask], error: str, reason: str = "", *, final: bool = False) -> bool:
    failures = task.output.get("failures", 0) + 1
    output = task.output | {"failures": failures}
    if final or failures >= MAX_FAILURES:
        return give_up(task, held, error, reason or _("It failed several times at the same place."), output)
    delay = timedelta(seconds=BACK_OFF_SECONDS * failures)
    return bool(
        held.update(
            state=State.QUEUED, lease_until=None, output=output, last_error=error, not_before=timezone.now() + delay
        )
    )


def give_up(task: JobTask, held: QuerySet[JobTask], error: str, reason: str, output: dict[str, Any]) -> bool:
    with transaction.atomic():
        failed = held.update(state=State.FAILED, output=output, last_error=error, finished_at=timezone.now())
        if not failed:
            return False
        if task.job is not None:
            endings.fail(task.job, reason, traceback=error)
        if task.upload is not None:
            abandon(task.upload, reason)
    return True


def abandon(upload: Upload, reason: str) -> None:
    """The images that have their verdict stay, and the set knows of them."""
    checking = Upload.objects.filter(pk=upload.pk, state=Upload.State.CHECKING)
    checking.update(state=Upload.State.FAILED, reason=reason)
    transaction.on_commit(partial(summaries.refresh, upload.source_set))
