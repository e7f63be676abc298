"""The workers that the queues know of, by what each last said of itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from rq.utils import utcparse
from rq.worker_registration import get_keys

from . import tickets
from .models import JobTask

QUEUES = sorted(set(JobTask.QUEUES.values()))
# How often a worker says that it is there, busy or idle.
HEARTBEAT_SECONDS = 10
# RQ waits this much shorter for a ticket than it is told to live.
RQ_MARGIN_SECONDS = 15
# Three heartbeats that did not come. Its entry is there for another minute.
SILENT = timedelta(seconds=3 * HEARTBEAT_SECONDS)
FIELDS = ["last_heartbeat", "birth", "state", "current_job"]


@dataclass(frozen=True)
class Worker:
    name: str
    queue: str
    state: str
    ticket: str
    born: datetime | None
    heard: datetime | None

    @property
    def alive(self) -> bool:
        return self.heard is not None and timezone.now() - self.heard < SILENT


def of(queue: str) -> list[Worker]:
    """Silent ones too, until their entry runs out. Raises RedisError."""
    target = tickets.queue_of(queue)
    keys = sorted(get_keys(target))
    with target.connection.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.hmget(key, FIELDS)
        entries = pipeline.execute()
    return [read(key, queue, entry) for key, entry in zip(keys, entries, strict=True) if any(entry)]


def read(key: str, queue: str, entry: list[bytes | None]) -> Worker:
    heard, born, state, ticket = [(value or b"").decode() for value in entry]
    return Worker(key.removeprefix("rq:worker:"), queue, state, ticket, as_time(born), as_time(heard))


def as_time(text: str) -> datetime | None:
    return utcparse(text) if text else None


def without_worker() -> list[str]:
    """Queues that nobody alive serves. Raises RedisError."""
    return [queue for queue in QUEUES if not any(worker.alive for worker in of(queue))]
