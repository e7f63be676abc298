"""Where a job stands in its queue and why it waits, told as the claim would serve it: see turns.py."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from redis.exceptions import RedisError

from . import workers
from .models import GenerationJob, JobTask

State = JobTask.State
TRAINING = JobTask.QUEUES[JobTask.Kind.TRAIN]

Key = TypeVar("Key", str, int)


@dataclass(frozen=True)
class Waiting:
    # 1 is next.
    position: int
    # Tasks that come before it: one of each job, where they wait to be trained.
    ahead: int
    reason: str


@dataclass(frozen=True)
class Line:
    """What there is to know of the queues that some tasks wait in, found in a fixed number of queries."""

    # By task, from 1.
    positions: dict[int, int]
    # By owner, the tasks that wait to be trained, in the order of their turns.
    own: dict[int, list[int]]
    # By queue, whose tasks are under way.
    running: dict[str, list[int]]
    # By queue where none is: how many workers there are, None where that can't be asked.
    workers: dict[str, int | None]


def of(job: GenerationJob) -> Waiting | None:
    """Nothing where it does not wait."""
    return of_all([job]).get(job.pk)


def of_all(jobs: Iterable[GenerationJob]) -> dict[int, Waiting]:
    """By job, of those that wait. As many queries for a thousand jobs as for one."""
    owners = {job.pk: job.owner_id for job in jobs if not job.is_terminal}
    tasks = [task for task in foremost(owners) if task.state == State.QUEUED] if owners else []
    if not tasks:
        return {}
    line = stand(tasks, set(owners.values()))
    return {task.job_id: told(task, owners[task.job_id], line) for task in tasks if task.job_id is not None}


def foremost(jobs: Iterable[int]) -> QuerySet[JobTask]:
    """Of each job the task that is under way, or else the one that comes first."""
    number = Window(RowNumber(), partition_by="job", order_by=[F("state").desc(), "turn", "pk"])
    active = JobTask.objects.filter(job__in=jobs, state__in=(State.QUEUED, State.RUNNING))
    return active.annotate(number=number).filter(number=1)


def stand(tasks: Sequence[JobTask], owners: set[int]) -> Line:
    keys, queues = [task.pk for task in tasks], {task.queue for task in tasks}
    there = JobTask.objects.filter(queue__in=queues)
    # Those that are to be tried again later let others pass.
    due = Q(not_before__isnull=True) | Q(not_before__lte=timezone.now()) | Q(pk__in=keys)
    queued = there.filter(due, state=State.QUEUED).order_by("turn", "pk")
    number = Window(RowNumber(), partition_by="queue", order_by=["turn", "pk"])
    # Joined to the number, so that all are numbered before the others are left out.
    asked = Q(pk__in=keys) | Q(number=0)
    own = queued.filter(queue=TRAINING, job__owner__in=owners)
    running = collected(there.filter(state=State.RUNNING).values_list("queue", "job__owner"))
    return Line(
        positions=dict(queued.annotate(number=number).filter(asked).values_list("pk", "number")),
        own=collected(own.values_list("job__owner", "pk")),
        running=running,
        # Work under way shows without asking that there is a worker.
        workers={queue: workers_on(queue) for queue in queues - set(running)},
    )


def collected(pairs: Iterable[tuple[Key, int]]) -> dict[Key, list[int]]:
    found = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return dict(found)


def workers_on(queue: str) -> int | None:
    try:
        return sum(worker.alive for worker in workers.of(queue))
    except (RedisError, OSError):
        return None


def told(task: JobTask, owner: int, line: Line) -> Waiting:
    # A claim since the first query leaves no position: it is next.
    position = line.positions.get(task.pk, 1)
    return Waiting(position, position - 1, reason(task, owner, position, line))


def reason(task: JobTask, owner: int, position: int, line: Line) -> str:
    if task.not_before is not None and task.not_before > timezone.now():
        return trying_again(task)
    running = line.running.get(task.queue)
    if running is None and not line.workers[task.queue]:
        return without_workers(line.workers[task.queue])
    if task.queue != TRAINING:
        return _("Number %(position)d in line: sellers take turns, piece by piece.") % {"position": position}
    if position > 1:
        own = line.own.get(owner, [])
        return behind(position, own.index(task.pk) if task.pk in own else 0)
    if running is None:
        return _("Next in line: a worker is about to take it.")
    if owner in running:
        return _("Next in line: it starts once another job of yours has ended.")
    return _("Next in line: it starts once the job that runs now has ended.")


def trying_again(task: JobTask) -> str:
    at = timezone.localtime(task.not_before)
    why = task.output.get("reason") or _("Something went wrong on our side.")
    return _("Trying again at %(time)s after a failure: %(reason)s") % {"time": date_format(at, "H:i"), "reason": why}


def without_workers(workers: int | None) -> str:
    if workers is None:
        return _("The queue can't be reached at the moment. The job keeps its place and starts by itself.")
    return _("No worker is running at the moment. The job starts by itself as soon as one is back.")


def behind(position: int, own: int) -> str:
    others = max(0, position - 1 - own)
    if not own:
        text = ngettext(
            "Number %(position)d in line: %(others)d job of others comes first.",
            "Number %(position)d in line: %(others)d jobs of others come first.",
            others,
        )
    elif not others:
        text = ngettext(
            "Number %(position)d in line, after %(own)d other job of yours.",
            "Number %(position)d in line, after %(own)d other jobs of yours.",
            own,
        )
    else:
        text = _(
            "Number %(position)d in line: %(others)d of others and %(own)d of your own come first. Sellers take turns."
        )
    return text % {"position": position, "others": others, "own": own}
