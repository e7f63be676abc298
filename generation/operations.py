"""How all the work stands at this moment, for staff: in as many queries for ten thousand tasks as for ten."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet
from django.utils import timezone
from redis.exceptions import RedisError

from . import gauges, tickets, workers
from .models import GenerationJob, JobTask
from .workers import Worker

State = JobTask.State
# Rows shown of each kind; more are in the lists that the page links to.
SHOWN = 30


@dataclass(frozen=True)
class Queue:
    name: str
    # By state of its tasks.
    tasks: dict[str, int]
    # Of its waiting tasks, those that may not be tried again yet.
    later: int
    waiting_since: datetime | None
    # None where Valkey does not answer.
    workers: list[Worker] | None
    tickets: int | None

    @property
    def waiting(self) -> int:
        """For a worker, not for its time."""
        return self.tasks[State.QUEUED] - self.later

    @property
    def waits(self) -> float | None:
        return None if self.waiting_since is None else (timezone.now() - self.waiting_since).total_seconds()

    @property
    def alive(self) -> int:
        return sum(worker.alive for worker in self.workers or ())


@dataclass(frozen=True)
class Work:
    jobs: dict[str, int]
    queues: list[Queue]
    active: list[GenerationJob]
    running: list[JobTask]
    disturbed: list[JobTask]
    failed: list[GenerationJob]
    failed_uploads: list[JobTask]
    at: datetime

    @property
    def valkey_answers(self) -> bool:
        return all(queue.workers is not None for queue in self.queues)

    @property
    def unserved(self) -> list[str]:
        return [queue.name for queue in self.queues if queue.workers is not None and not queue.alive]


def work() -> Work:
    return Work(
        jobs=gauges.jobs(),
        queues=queues(),
        active=list(active()[:SHOWN]),
        running=list(running()[:SHOWN]),
        disturbed=list(disturbed()[:SHOWN]),
        failed=list(failed()[:SHOWN]),
        failed_uploads=list(failed_uploads()[:SHOWN]),
        at=timezone.now(),
    )


def queues() -> list[Queue]:
    tasks, since, waiting_later = gauges.tasks(), gauges.waiting_since(), later()
    return [
        Queue(
            name,
            {state: tasks[name, state] for state in State.values},
            waiting_later.get(name, 0),
            since.get(name),
            *known_to_valkey(name),
        )
        for name in workers.QUEUES
    ]


def known_to_valkey(queue: str) -> tuple[list[Worker] | None, int | None]:
    try:
        return workers.of(queue), tickets.queue_of(queue).count
    except (RedisError, OSError):
        return None, None


def later() -> dict[str, int]:
    waiting = JobTask.objects.filter(state=State.QUEUED, not_before__gt=timezone.now())
    return dict(waiting.order_by().values_list("queue").annotate(n=Count("pk")))


def active() -> QuerySet[GenerationJob]:
    """What is being worked on first."""
    jobs = GenerationJob.objects.filter(state__in=GenerationJob.ACTIVE).select_related("source_set", "owner")
    return jobs.order_by("-state", "created_at")


def with_people(tasks: QuerySet[JobTask]) -> QuerySet[JobTask]:
    return tasks.select_related("job__source_set", "job__owner", "upload__source_set__owner")


def running() -> QuerySet[JobTask]:
    """The lease that ends first comes first: of a lost worker it has ended."""
    return with_people(JobTask.objects.filter(state=State.RUNNING)).order_by("lease_until")


def disturbed() -> QuerySet[JobTask]:
    return with_people(gauges.disturbed()).order_by("not_before")


def failed() -> QuerySet[GenerationJob]:
    jobs = GenerationJob.objects.filter(state=GenerationJob.State.FAILED).select_related("source_set", "owner")
    return jobs.order_by("-finished_at")


def failed_uploads() -> QuerySet[JobTask]:
    return with_people(JobTask.objects.filter(state=State.FAILED, kind=JobTask.Kind.INTAKE)).order_by("-finished_at")
