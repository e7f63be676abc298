"""What Prometheus reads of the work: counted in rows and queues at each scrape, by whichever process is asked."""

import logging
from collections.abc import Callable, Iterable, Iterator

from django.db import DatabaseError
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily as Counter
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from . import gauges, house, room, tickets, workers
from .models import GenerationJob

logger = logging.getLogger(__name__)


class Work(Collector):
    """A database or Valkey that is gone is a figure too: what hangs on it is left out, and the rest is told."""

    def collect(self) -> Iterator[Metric]:
        reachable = Gauge("ganerate_reachable", "1 where this process reaches the service.", labels=["service"])
        for service, read, errors in (
            ("database", from_rows, (DatabaseError,)),
            ("valkey", from_queues, (RedisError, OSError)),
        ):
            found = read_or_none(read, errors)
            reachable.add_metric([service], int(found is not None))
            yield from found or ()
        yield reachable
        yield gauge("ganerate_watchers", "Who follows a job, or their own jobs, through this process.", watchers())


def watchers() -> int:
    """Asked from another thread than the one in which they come and go."""
    rooms = [room for each in list(house.houses.values()) for room in list(each.rooms.values())]
    return sum(len(room.watchers) for room in rooms)


def read_or_none(read: Callable[[], Iterable[Metric]], errors: tuple[type[Exception], ...]) -> list[Metric] | None:
    """All or nothing: a figure that is missing is no zero."""
    try:
        return list(read())
    except errors:
        logger.warning("Not read for a scrape: %s", read.__name__, exc_info=True)
        return None


def from_rows() -> Iterator[Metric]:
    yield from of_jobs()
    yield from of_tasks()
    yield counter("ganerate_images_made", "Images of shards that are done.", gauges.images())
    yield counter("ganerate_events", "Job events recorded.", gauges.events())
    yield gauge("ganerate_letters_due", "Letters that wait for the mail server.", gauges.letters_due())
    yield by("ganerate_stored_bytes", "Bytes stored, as the rows say.", "of", gauges.stored())
    if (free := room.free()) is not None:
        yield gauge("ganerate_storage_free_bytes", "Bytes free where files are stored.", free)


def of_jobs() -> Iterator[Metric]:
    jobs = gauges.jobs()
    ended = Counter("ganerate_jobs_ended", "Jobs that have ended.", labels=["state"])
    for state in GenerationJob.TERMINAL:
        ended.add_metric([state], jobs.pop(state))
    yield ended
    yield by("ganerate_jobs", "Jobs that have not ended.", "state", jobs)


def of_tasks() -> Iterator[Metric]:
    tasks = Gauge("ganerate_tasks", "Job tasks.", labels=["queue", "state"])
    for (queue, state), n in gauges.tasks().items():
        tasks.add_metric([queue, state], n)
    yield tasks
    now, since = timezone.now(), gauges.waiting_since()
    waits = {queue: (now - since.get(queue, now)).total_seconds() for queue in workers.QUEUES}
    yield by("ganerate_oldest_wait_seconds", "How long the first in the queue has waited.", "queue", waits)
    yield gauge("ganerate_leases_overdue", "Running tasks whose lease ran out.", gauges.overdue().count())
    yield by("ganerate_tasks_given_up", "Tasks that failed for good.", "kind", gauges.failures())


def from_queues() -> Iterator[Metric]:
    alive, waiting = {}, {}
    for queue in workers.QUEUES:
        alive[queue] = sum(worker.alive for worker in workers.of(queue))
        waiting[queue] = tickets.queue_of(queue).count
    yield by("ganerate_workers", "Workers heard of in the last half minute.", "queue", alive)
    yield by("ganerate_tickets", "Tickets that no worker has taken.", "queue", waiting)


def gauge(name: str, meaning: str, value: float) -> Metric:
    return Gauge(name, meaning, value=value)


def counter(name: str, meaning: str, value: float) -> Metric:
    return Counter(name, meaning, value=value)


def by(name: str, meaning: str, label: str, values: dict[str, float] | dict[str, int]) -> Metric:
    family = Gauge(name, meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
