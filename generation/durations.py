"""How long the stages of a job are expected to take, learnt from how long those of earlier jobs took.

A machine is slow or fast, and busier at one time than at another. So what is learnt of a stage is how it compares with
the tables, beside how the training of the same job compared with them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import exp, log
from statistics import median
from typing import Any, Self

from . import refinements, remaining
from .engine.presets import Plan, training_speed
from .experience import told
from .models import GenerationJob, JobEvent

NEWEST, ALIKE = 30, 5
LEAST = 0.01
# A GPU trains a hundred times as fast, but does not encode images faster.
SLOWNESS = (0.5, 20.0)
MARKS = ("claimed", "stage", "succeeded")

Expected = dict[str, float]
Values = Mapping[str, Any]  # Any: JSON values


@dataclass(frozen=True)
class Kind:
    """What of a recipe decides how fast it trains."""

    resolution: int
    body: str
    widths: tuple[int, ...]

    @classmethod
    def of(cls, recipe: Values) -> Self:
        return cls(recipe["resolution"], recipe.get("body", "strided"), tuple(recipe.get("widths", ())))

    @property
    def usual_speed(self) -> float:
        """Real images per second of training on the machine of the tables."""
        return training_speed(Plan(kimg=0.0, body=self.body, widths=self.widths), self.resolution)

    def slowness(self, images_per_second: float | None) -> float:
        """How many times slower than that it trains."""
        if not images_per_second:
            return 1.0
        return min(SLOWNESS[1], max(SLOWNESS[0], self.usual_speed / images_per_second))


@dataclass(frozen=True)
class Earlier:
    """A job that succeeded: what the tables say of its stages, what they took, and how slow the machine was."""

    usual: Expected
    took: Expected
    slowness: float

    def ratio(self, stage: str) -> float:
        return self.took[stage] / (self.usual[stage] * self.slowness)


@dataclass(frozen=True)
class Outlook:
    """What is expected of a job, on a machine that is as fast as the one of the tables."""

    kind: Kind
    stages: Expected

    def ahead(self, images_per_second: float | None) -> Expected:
        """Seconds of each stage after training, on a machine that trains at this speed."""
        slowness = self.kind.slowness(images_per_second)
        found = {stage: slowness * self.stages[stage] for stage in remaining.LATER}
        if found["sampling"] > remaining.KEPT_SECONDS:
            found["screening"] += slowness * self.stages["again"]
        return found

    def paused(self, images_per_second: float | None) -> float:
        """What a whole training run takes beside training proper."""
        return self.kind.slowness(images_per_second) * self.stages["pauses"]


def outlook(job: GenerationJob, recipe: Values) -> Outlook:
    sources, earlier = job.source_set.usable_count, known(job)
    usual = size(recipe, sources, job.count).usual()
    usual["sampling"] = size(recipe, sources, refinements.new_images(job)).usual()["sampling"]
    return Outlook(Kind.of(recipe), {stage: likely * factor(stage, likely, earlier) for stage, likely in usual.items()})


def size(recipe: Values, sources: int, count: int) -> remaining.Size:
    return remaining.Size(recipe["resolution"], sources, count, bool(recipe.get("classes")))


def factor(stage: str, usual: float, earlier: Iterable[Earlier]) -> float:
    """How many times as long as the tables say this stage took, in the jobs that were most like it in size."""
    having = [one for one in earlier if stage in one.took]
    nearest = sorted(having, key=lambda one: abs(log(one.usual[stage] / usual)))[:ALIKE]
    # The tables count as one more job.
    return exp(median([0.0, *(log(max(one.ratio(stage), LEAST)) for one in nearest)]))


def known(job: GenerationJob) -> list[Earlier]:
    """The newest first; those of other people as in experience.py."""
    # Of a refined dataset most images were there already.
    made = GenerationJob.objects.exclude(origin=GenerationJob.Origin.REFINED)
    ended = made.filter(state=GenerationJob.State.SUCCEEDED).order_by("-pk")
    columns = ("pk", "owner_id", "count", "source_set__usable_count", "generator__recipe", "generator__metrics")
    rows = list(ended.values_list(*columns)[:NEWEST])
    took = lasted([pk for pk, *_rest in rows])
    runs = [
        (owner, earlier(size(recipe, sources, count), Kind.of(recipe), metrics, took[pk]))
        for pk, owner, count, sources, recipe, metrics in rows
        if pk in took
    ]
    return told(runs, job.owner_id)


def earlier(size: remaining.Size, kind: Kind, metrics: Values, took: Expected) -> Earlier:
    """Of screening only where the worker had kept what it needs: else it prepared that again."""
    trained, usual = metrics.get("seconds"), size.usual()
    slowness = kind.slowness(1000 * metrics["kimg"] / trained if trained else None)
    if trained and "training" in took:
        took["pauses"] = max(0.0, took["training"] - trained)
    if took.get("sampling", 0.0) > remaining.KEPT_SECONDS:
        took["again"] = max(0.0, took.pop("screening", 0.0) - slowness * usual["screening"])
    return Earlier(usual, took, slowness)


def lasted(jobs: list[int]) -> dict[int, Expected]:
    """Seconds of each stage, of jobs that went through each of them once: what was tried again tells nothing."""
    marks: dict[int, list[tuple[str, datetime]]] = defaultdict(list)
    rows = JobEvent.objects.filter(job__in=jobs, kind__in=MARKS).order_by("job", "number")
    for job, stage, at in rows.values_list("job", "payload__stage", "created_at"):
        marks[job].append((stage, at))
    return {job: between(found) for job, found in marks.items() if is_straight(found)}


def is_straight(marks: list[tuple[str, datetime]]) -> bool:
    """The last mark is the end, in the same stage as the one before."""
    stages = [stage for stage, _at in marks[:-1]]
    return len(set(stages)) == len(stages) > 1


def between(marks: list[tuple[str, datetime]]) -> Expected:
    return {stage: (later - at).total_seconds() for (stage, at), (_stage, later) in pairwise(marks)}
