"""What is put right by itself: lost workers, lost tickets, jobs that stand between two tasks."""

import logging
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now
from django.utils import translation
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from . import claims, endings, leftovers, letters, memory, processes, tickets
from .models import GenerationJob, JobTask

logger = logging.getLogger(__name__)

# A ticket that was just taken is in no queue while its worker is about to claim.
GRACE = timedelta(seconds=3)
# A worker that is there, but on a machine so busy that it does not come to renew its lease.
PATIENCE = timedelta(minutes=1)
# As many as all workers of a queue may come for before the sweeper looks again, however many tasks there are.
ENOUGH_TICKETS = 500

State = JobTask.State


def sweep() -> int:
    """Returns how many things it put right."""
    tickets_put = sum(put_missing_tickets(queue) for queue in sorted(set(JobTask.QUEUES.values())))
    return put_back_lost() + settle() + tickets_put + letters.sweep() + leftovers.sweep()


def put_back_lost() -> int:
    """Tasks whose worker is gone, or has long not renewed its lease, go back to their queue at once."""
    running = JobTask.objects.filter(state=State.RUNNING).select_related("job", "upload")
    silent = running.annotate(overdue=Now() - F("lease_until"))
    return sum(put_back(task) for task in silent if is_lost(task, task.overdue))


def is_lost(task: JobTask, overdue: timedelta) -> bool:
    """On this machine one can look. A worker that is there and gets no turn of the processor has lost nothing yet."""
    if processes.is_gone(task.worker):
        return True
    return overdue > (PATIENCE if processes.is_running(task.worker) else timedelta())


def put_back(task: JobTask) -> bool:
    # A renewal or a checkpoint since we read the row moves the lease, and these UPDATEs then find nothing.
    held = JobTask.objects.filter(pk=task.pk, fence=task.fence, state=State.RUNNING, lease_until=task.lease_until)
    output = claims.with_failure(task)
    if output["failures"] >= claims.MAX_FAILURES:
        with translation.override(task.language):
            error = f"Worker {task.worker} was lost at {task.lease_until}.\n{task.last_error}"
            return claims.give_up(task, held, error, memory.lost(task), output)
    with transaction.atomic():
        freed = claims.try_again(held, "worker lost", output)
        if freed:
            tickets.put(task)
    return freed


def put_missing_tickets(queue: str) -> int:
    """Any ticket serves any task of its queue, so what counts is that there are as many as tasks."""
    settled = Now() - GRACE
    tasks = claims.runnable(queue).annotate(since=Coalesce("not_before", "created_at")).filter(since__lte=settled)
    if not tasks.exists():
        return 0
    try:
        if tickets.number_waiting(queue) >= ENOUGH_TICKETS:
            return 0
        waiting = set(tickets.waiting(queue))
    except (RedisError, OSError):
        logger.warning("Queue %s can't be read", queue)
        return 0
    needed = [task.ticket for task in tasks.only("pk", "attempt")[:ENOUGH_TICKETS]]
    absent = [ticket for ticket in needed if ticket not in waiting]
    return sum(tickets.put_now(queue, ticket) for ticket in absent[: max(0, len(needed) - len(waiting))])


def settle() -> int:
    """Active jobs that no task works on: their end, or their next task, got lost on the way."""
    at_work = JobTask.objects.filter(job=OuterRef("pk"), state__in=(State.QUEUED, State.RUNNING))
    running = JobTask.objects.filter(job=OuterRef("pk"), state=State.RUNNING)
    discarding = Q(state=GenerationJob.State.STOPPING, stop_intent=GenerationJob.StopIntent.DISCARD)
    active = GenerationJob.objects.filter(state__in=GenerationJob.ACTIVE)
    discarded = active.filter(discarding, ~Exists(running))
    idle = active.filter(~discarding, ~Exists(at_work))
    return sum(discard(job) for job in discarded) + sum(carry_on(job) for job in idle)


def discard(job: GenerationJob) -> bool:
    return endings.cancel(job) and leftovers.free(job)


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
