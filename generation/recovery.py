"""What is put right by itself: lost workers, lost tickets, jobs that stand between two tasks."""

import logging
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from . import claims, endings, leftovers, memory, tickets
from .models import GenerationJob, JobTask

logger = logging.getLogger(__name__)

# A ticket that was just taken is in no queue while its worker is about to claim.
GRACE = timedelta(seconds=3)

State = JobTask.State


def sweep() -> int:
    """Returns how many things it put right."""
    tickets_put = sum(put_missing_tickets(queue) for queue in sorted(set(JobTask.QUEUES.values())))
    return put_back_lost() + settle() + tickets_put + leftovers.sweep()


def put_back_lost() -> int:
    """Tasks whose worker stopped renewing its lease go back to their queue at once."""
    lost = JobTask.objects.filter(state=State.RUNNING, lease_until__lt=timezone.now()).select_related("job", "upload")
    return sum(put_back(task) for task in lost)


def put_back(task: JobTask) -> bool:
    # A renewal or a checkpoint since we read the row moves the lease, and these UPDATEs then find nothing.
    held = JobTask.objects.filter(pk=task.pk, fence=task.fence, state=State.RUNNING, lease_until=task.lease_until)
    failures = task.output.get("failures", 0) + 1
    output = task.output | {"failures": failures}
    if failures >= claims.MAX_FAILURES:
        with translation.override(task.language):
            return claims.give_up(task, held, "worker lost", memory.lost(task), output)
    with transaction.atomic():
        freed = held.update(
            state=State.QUEUED, lease_until=None, last_error="worker lost", output=output, not_before=timezone.now()
        )
        if freed:
            tickets.put(task)
    return bool(freed)


def put_missing_tickets(queue: str) -> int:
    """Any ticket serves any task of its queue, so what counts is that there are as many as tasks."""
    settled = timezone.now() - GRACE
    tasks = claims.runnable(queue).annotate(since=Coalesce("not_before", "created_at")).filter(since__lte=settled)
    missing = [task.ticket for task in tasks.only("pk", "attempt")]
    if not missing:
        return 0
    try:
        waiting = tickets.waiting(queue)
    except (RedisError, OSError):
        logger.warning("Queue %s can't be read", queue)
        return 0
    absent = [ticket for ticket in missing if ticket not in set(waiting)]
    return sum(tickets.put_now(queue, ticket) for ticket in absent[: max(0, len(missing) - len(waiting))])


def settle() -> int:
    """Active jobs that no task works on: their end, or their next task, got lost on the way."""
    at_work = JobTask.objects.filter(job=OuterRef("pk"), state__in=(State.QUEUED, State.RUNNING))
    running = JobTask.objects.filter(job=OuterRef("pk"), state=State.RUNNING)
    discarding = Q(state=GenerationJob.State.STOPPING, stop_intent=GenerationJob.StopIntent.DISCARD)
    active = GenerationJob.objects.filter(state__in=GenerationJob.ACTIVE)
    discarded = active.filter(discarding, ~Exists(running))
    idle = active.filter(~discarding, ~Exists(at_work))
    return sum(endings.cancel(job) for job in discarded) + sum(carry_on(job) for job in idle)


def carry_on(job: GenerationJob) -> bool:
    done = job.tasks.filter(state=State.DONE)
    if done.filter(kind=JobTask.Kind.SAMPLE).exists() and not job.tasks.filter(kind=JobTask.Kind.FINISH).exists():
        return add_finish(job)
    return endings.fail(job, _("The job stopped for a reason on our side. Please start it again."), "no task was left")


def add_finish(job: GenerationJob) -> bool:
    """The last task of a job, once: the constraint on its tasks refuses a second."""
    try:
        with transaction.atomic():
            claims.add(JobTask.Kind.FINISH, job=job)
    except IntegrityError:
        return False
    return True
