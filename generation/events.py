"""What happens in a job: recorded once, numbered in commit order, pushed after commit, replayed to whoever asks.

A push is a hint and may be lost; rows are the truth. Ticks between two events are pushed without a number and kept
only as the job's snapshot.
"""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from .models import GenerationJob, JobEvent

logger = logging.getLogger(__name__)

TERMINAL_KINDS = frozenset({"succeeded", "failed", "cancelled"})
FIRST = 1
SNAPSHOT_EVERY = timedelta(seconds=1)

Data = dict[str, Any]  # Any: JSON values
Message = dict[str, Any]


def open_with(job: GenerationJob, kind: str, data: Data) -> JobEvent:
    """The event that a job is made with. Nobody can watch the job before it is there to be replayed."""
    payload = {"stage": job.stage, "state": job.state, "data": data}
    return JobEvent.objects.create(job=job, number=FIRST, kind=kind, payload=payload)


def record(job: GenerationJob, kind: str, data: Data, stage: str | None = None) -> JobEvent:
    with transaction.atomic():
        # This UPDATE holds the job's row until commit, so numbers follow commit order without gaps.
        changes: dict[str, Any] = {"last_event": F("last_event") + 1} | ({"stage": stage} if stage else {})
        GenerationJob.objects.filter(pk=job.pk).update(**changes)
        job.refresh_from_db(fields=["last_event", "state", "stage"])
        payload = {"stage": job.stage, "state": job.state, "data": data}
        event = JobEvent.objects.create(job=job, number=job.last_event, kind=kind, payload=payload)
        transaction.on_commit(partial(push, job, as_message(event)))
    return event


def tick(job: GenerationJob, data: Data) -> None:
    message = standing(job, timezone.now(), data)
    if is_due(job.snapshot):
        job.snapshot = message
        GenerationJob.objects.filter(pk=job.pk).update(snapshot=message)
    transaction.on_commit(partial(push, job, message))


def replay(job: GenerationJob, after: int, limit: int = 500) -> list[Message]:
    return [as_message(event) for event in job.events.filter(number__gt=after).order_by("number")[:limit]]


def snapshot(job: GenerationJob) -> Message:
    """Where the job stands now, with the newest figures of a tick."""
    job.refresh_from_db(fields=["state", "stage", "snapshot"])
    return standing(job, timezone.now(), job.figures)


def standing(job: GenerationJob, at: datetime, data: Data) -> Message:
    return {
        "number": None,
        "kind": "progress",
        "stage": job.stage,
        "state": job.state,
        "at": at.isoformat(),
        "data": data,
    }


def as_message(event: JobEvent) -> Message:
    return {"number": event.number, "kind": event.kind, "at": event.created_at.isoformat(), **event.payload}


def is_due(last: Message) -> bool:
    at = parse_datetime(last.get("at", ""))
    return at is None or timezone.now() - at >= SNAPSHOT_EVERY


def push(job: GenerationJob, message: Message) -> None:
    """Tells everyone who watches. Work goes on without them when the channel layer is down."""
    try:
        async_to_sync(get_channel_layer().group_send)(job.group, {"type": "job.event", "event": message})
    except Exception:
        logger.warning("Event of %s was not pushed", job.group, exc_info=True)
