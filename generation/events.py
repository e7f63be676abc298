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
from redis.exceptions import RedisError

from .models import GenerationJob, JobEvent

logger = logging.getLogger(__name__)

TERMINAL_KINDS = frozenset({"succeeded", "failed", "cancelled"})
FIRST = 1
SNAPSHOT_EVERY = timedelta(seconds=1)

Data = dict[str, Any]  # Any: JSON values
Message = dict[str, Any]
Parcel = tuple[str, Message]  # a channel group, and what it is told


def open_with(job: GenerationJob, kind: str, data: Data) -> JobEvent:
    """The event that a job is made with. Nobody can watch the job before it is there to be replayed."""
    payload = {"stage": job.stage, "state": job.state, "data": data}
    event = JobEvent.objects.create(job=job, number=FIRST, kind=kind, payload=payload)
    transaction.on_commit(partial(send, [for_owner(job, as_message(event))]))
    return event


def record(job: GenerationJob, kind: str, data: Data, stage: str | None = None) -> JobEvent:
    with transaction.atomic():
        # This UPDATE holds the job's row until commit, so numbers follow commit order without gaps.
        changes: dict[str, Any] = {"last_event": F("last_event") + 1} | ({"stage": stage} if stage else {})
        GenerationJob.objects.filter(pk=job.pk).update(**changes)
        hold(job)
        job.refresh_from_db(fields=["last_event", "state", "stage"])
        payload = {"stage": job.stage, "state": job.state, "data": data}
        event = JobEvent.objects.create(job=job, number=job.last_event, kind=kind, payload=payload)
        transaction.on_commit(partial(push, job, as_message(event)))
    return event


def tick(job: GenerationJob, data: Data) -> None:
    message = standing(job, timezone.now(), data)
    parcels = [for_watchers(job, message)]
    if is_due(job.snapshot):
        job.snapshot = message
        with transaction.atomic():
            GenerationJob.objects.filter(pk=job.pk).update(snapshot=message)
            hold(job)
        parcels.append(for_owner(job, message))
    transaction.on_commit(partial(send, parcels))


def hold(job: GenerationJob) -> None:
    """Of what a worker says: raises, before it is committed, where its task is another's by now."""
    if job.fence is not None:
        job.fence()


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
    send([for_watchers(job, message), for_owner(job, message)])


def for_watchers(job: GenerationJob, message: Message) -> Parcel:
    return job.group, {"type": "job.event", "event": message}


def for_owner(job: GenerationJob, message: Message) -> Parcel:
    """What a tray or a list shows of the job, on whichever page its owner is."""
    told = {name: message[name] for name in ("number", "kind", "stage", "state", "at")}
    figures = {name: message["data"].get(name) for name in ("fraction", "seconds_left")}
    event = {"public_id": str(job.public_id), "name": job.source_set.name, **told, **figures}
    return owner_group(job.owner_id), {"type": "owner.event", "event": event}


def owner_group(owner_id: int) -> str:
    """Channel group of a person's open pages."""
    return f"owner.{owner_id}"


def send(parcels: list[Parcel]) -> None:
    """Work goes on without those who watch when the channel layer is down."""
    try:
        async_to_sync(send_each)(parcels)
    except (RedisError, OSError) as away:
        logger.warning("Not pushed to %s: %s", ", ".join(group for group, _message in parcels), away)
    except Exception:
        logger.warning("Not pushed to %s", ", ".join(group for group, _message in parcels), exc_info=True)


async def send_each(parcels: list[Parcel]) -> None:
    layer = get_channel_layer()
    for group, message in parcels:
        await layer.group_send(group, message)
