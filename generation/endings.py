"""How a job ends: one conditional UPDATE to a terminal state, the event that tells it, and no task left behind."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from . import events, notifications
from .models import GenerationJob, JobTask

State = GenerationJob.State
# Who cancels knows it already.
TOLD = (State.SUCCEEDED, State.FAILED)


def succeed(job: GenerationJob, data: events.Data) -> bool:
    """A reason to say although it succeeded, such as a training that was ended early, is on the job already."""
    return end(job, State.SUCCEEDED, data, reason=job.reason)


def fail(job: GenerationJob, reason: str, traceback: str = "") -> bool:
    """Whoever cancelled it wants to hear nothing of a failure that came first."""
    job.refresh_from_db(fields=["stop_intent"])
    if job.stop_intent == GenerationJob.StopIntent.DISCARD:
        return cancel(job)
    return end(job, State.FAILED, {"reason": reason}, reason=reason, traceback=traceback)


def cancel(job: GenerationJob, only_from: tuple[str, ...] = GenerationJob.ACTIVE) -> bool:
    return end(job, State.CANCELLED, {}, only_from=only_from)


def end(
    job: GenerationJob,
    state: str,
    data: events.Data,
    *,
    only_from: tuple[str, ...] = GenerationJob.ACTIVE,
    reason: str = "",
    traceback: str = "",
) -> bool:
    with transaction.atomic():
        ended = GenerationJob.objects.filter(pk=job.pk, state__in=only_from).update(
            state=state,
            finished_at=timezone.now(),
            # What staff wrote when they cancelled it stays.
            reason=reason or F("reason"),
            traceback=traceback,
        )
        if ended:
            # A worker that still holds one of them finds its claim lost and stops within a heartbeat.
            JobTask.objects.filter(job=job, state__in=(JobTask.State.QUEUED, JobTask.State.RUNNING)).update(
                state=JobTask.State.CANCELLED, finished_at=timezone.now()
            )
            # A copy without a worker's fence: the UPDATE above has decided who may tell it.
            told = GenerationJob.objects.get(pk=job.pk)
            events.record(told, state, data)
            if state in TOLD:
                notifications.job_ended(told)
    job.refresh_from_db()
    return bool(ended)
