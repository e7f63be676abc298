"""What was measured of every image of a dataset, for curation: read a column or a stretch of one at a time.

The file holds columns of 4 bytes for each image, one after another: of each measure the values by number, the numbers
from the most to the least suspicious, and their values in that order; then which earlier image each is most like.
"""

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import claims, ranges
from .models import Dataset, DatasetFile, JobTask

WIDTH = 4
Name = Literal["source", "alike", "artefact"]
VALUES, ORDER, SORTED = range(3)


@dataclass(frozen=True)
class Measure:
    """`usual` is the threshold that is offered first; with `far`, what is suspicious lies above it."""

    name: Name
    title: str | Promise
    place: int
    usual: float
    far: bool = False


MEASURES: dict[str, Measure] = {
    "source": Measure("source", _("Closeness to a source image"), 0, 1.25),
    "alike": Measure("alike", _("Nearly the same as another"), 1, 1.0),
    "artefact": Measure("artefact", _("Artefact score"), 2, 1.0, far=True),
}
TWIN = 9


@dataclass(frozen=True)
class Measured:
    """The file of one dataset."""

    key: str
    count: int

    def column(self, place: int, code: str, first: int = 0, count: int | None = None) -> "array[float] | array[int]":
        length = self.count - first if count is None else max(0, min(count, self.count - first))
        found = array(code)
        found.frombytes(ranges.read(self.key, (place * self.count + first) * WIDTH, length * WIDTH))
        if sys.byteorder == "big":
            found.byteswap()
        return found

    def values(self, measure: Measure, first: int, count: int) -> list[float]:
        return list(self.column(3 * measure.place + VALUES, "f", first, count))

    def worst(self, measure: Measure, first: int = 0, count: int | None = None) -> list[int]:
        """Numbers of images from the most suspicious on."""
        return [int(number) for number in self.column(3 * measure.place + ORDER, "I", first, count)]

    def twins(self) -> "array[float] | array[int]":
        return self.column(TWIN, "I")

    def beyond(self, measure: Measure, *thresholds: float) -> list[int]:
        """How many images lie beyond each threshold."""
        ordered = self.column(3 * measure.place + SORTED, "f")
        if measure.far:
            return [bisect_right(ordered, -threshold, key=lambda value: -value) for threshold in thresholds]
        return [bisect_left(ordered, threshold) for threshold in thresholds]

    def thresholds(self, measure: Measure, places: Iterable[int]) -> list[float]:
        """Of the images at these places in the order of suspicion."""
        ordered = self.column(3 * measure.place + SORTED, "f")
        return [float(ordered[place]) for place in places]


def of(dataset: Dataset) -> Measured | None:
    file = dataset.files.filter(kind=DatasetFile.Kind.MEASURES).first()
    return Measured(file.key, dataset.count) if file else None


def task_of(dataset: Dataset) -> JobTask | None:
    """The one that measures or has measured it."""
    return dataset.job.tasks.filter(kind=JobTask.Kind.MEASURE).first()


@transaction.atomic
def ask(dataset: Dataset) -> None:
    """Has the images measured, unless they are, or are about to be."""
    Dataset.objects.select_for_update().get(pk=dataset.pk)
    task = task_of(dataset)
    if of(dataset) is None and (task is None or task.state not in (JobTask.State.QUEUED, JobTask.State.RUNNING)):
        if task is not None:
            task.delete()
        claims.add(JobTask.Kind.MEASURE, job=dataset.job)
