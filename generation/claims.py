"""Claims: how one worker, and only one, comes to hold a task, and how it loses it.

Each write of a claim is filtered on the fence it was given, so the row count says whether it still holds the task.
Leases run by the database's clock, which all machines share.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from . import endings, summaries, tickets, turns
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
        return bool(self.held.update(lease_until=Now() + LEASE))

    def hold(self) -> None:
        """For a transaction that must not commit when the claim is lost: until its end nobody else can take it."""
        ours = JobTask.objects.filter(pk=self.task.pk, fence=self.fence, state__in=(State.RUNNING, State.DONE))
        if not ours.update(lease_until=Now() + LEASE):
            raise Lost

    def advance(self, **output: Any) -> None:
        """Keeps how far the work is. With failures=0 the next attempt starts from here, and has not failed yet."""
        undisturbed = {"disturbances": 0} if output.get("failures") == 0 else {}
        further = self.task.output | output | undisturbed
        if not self.held.update(output=further, lease_until=Now() + LEASE):
            raise Lost
        self.task.output = further

    def complete(self, output_key: str = "", sha256: str = "", output: dict[str, Any] | None = None) -> bool:
        done = {"output_key": output_key, "sha256": sha256, "output": self.task.output | (output or {})}
        return bool(self.held.update(state=State.DONE, finished_at=timezone.now(), last_error="", **done))

    def finish(self, output_key: str = "", sha256: str = "", output: dict[str, Any] | None = None) -> None:
        """complete(), for use in a transaction that must not commit when the claim is lost."""
        if not self.complete(output_key, sha256, output):
            raise Lost

    def hand_back(self) -> bool:
        """For another worker to go on with at once: nothing has failed."""
        with transaction.atomic():
            freed = self.held.update(state=State.QUEUED, lease_until=None, not_before=None)
            if freed:
                tickets.put(self.task)
        return bool(freed)

    def put_off(self, error: str, seconds: float) -> bool:
        """For a while: something was in the way that passes by itself."""
        disturbed = {"disturbances": self.task.output.get("disturbances", 0) + 1}
        return try_again(self.held, error, self.task.output | disturbed, seconds)

    def fail(self, error: str, reason: str = "", *, final: bool = False) -> bool:
        """Tries again later, unless `final` or failed too often at the same place; then the job fails for `reason`."""
        return give_back(self.task, self.held, error, reason, final=final)


def add(
    kind: str, *, job: GenerationJob | None = None, upload: Upload | None = None, first: int = 0, count: int = 0
) -> JobTask:
    queue = JobTask.QUEUES[JobTask.Kind(kind)]
    task = JobTask(job=job, upload=upload, kind=kind, queue=queue, first=first, count=count)
    task.turn = turns.first(task)
    task.save()
    tickets.put(task)
    return task


def add_shards(job: GenerationJob, count: int, size: int) -> list[JobTask]:
    queue = JobTask.QUEUES[JobTask.Kind.SAMPLE]
    turn = turns.following(queue, job__owner=job.owner_id)
    shards = [
        JobTask(
            job=job, kind=JobTask.Kind.SAMPLE, queue=queue, first=first, count=min(size, count - first), turn=turn + n
        )
        for n, first in enumerate(range(0, count, size))
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
            lease_until=Now() + LEASE,
            worker=worker[:200],
        )
        if taken:
            task.refresh_from_db()
            return hold(task)


def hold(task: JobTask) -> Claim:
    claim = Claim(task, task.fence)
    if task.job is not None:
        # From here on whatever this worker says of the job is refused once it does not hold the task any more.
        task.job.fence = claim.hold
    return claim


def runnable(queue: str) -> QuerySet[JobTask]:
    due = Q(not_before__isnull=True) | Q(not_before__lte=Now())
    return JobTask.objects.filter(due, queue=queue, state=State.QUEUED)


def fairest(queue: str) -> JobTask | None:
    """Sellers take turns: see turns.py."""
    return runnable(queue).order_by("turn", "pk").first()


def give_back(task: JobTask, held: QuerySet[JobTask], error: str, reason: str = "", *, final: bool = False) -> bool:
    # Told while the task waits to be tried again.
    output = with_failure(task) | {"reason": reason}
    if final or output["failures"] >= MAX_FAILURES:
        return give_up(task, held, error, reason or _("It failed several times at the same place."), output)
    return try_again(held, error, output, seconds=BACK_OFF_SECONDS * output["failures"])


def try_again(held: QuerySet[JobTask], error: str, output: dict[str, Any], seconds: float = 0) -> bool:
    later = Now() + timedelta(seconds=seconds)
    return bool(held.update(state=State.QUEUED, lease_until=None, output=output, last_error=error, not_before=later))


def with_failure(task: JobTask) -> dict[str, Any]:
    """The task's output with one more failure; failures before a place that was never reached till now don't count."""
    reached, failed_at = place(task), task.output.get("failed_at", -1)
    failures = task.output.get("failures", 0) if reached <= failed_at else 0
    return task.output | {"failures": failures + 1, "failed_at": max(reached, failed_at)}


def place(task: JobTask) -> float:
    """How far it has come, in a measure of its own."""
    if task.kind == JobTask.Kind.FINISH and task.job is not None:
        return GenerationJob.Stage.values.index(task.job.stage)
    return float(task.output.get("kimg", task.output.get("done", 0)))


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
