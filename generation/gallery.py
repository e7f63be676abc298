"""Single images and manifest lines of a dataset, read from its bundle parts by their index records."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain
from typing import Any

from . import manifests, ranges, sharing
from .manifests import IMAGE_INDEX, LINE_INDEX, RECORD
from .models import Dataset, DatasetFile, JobTask

Kind = DatasetFile.Kind


def image_bytes(dataset: Dataset, index: int) -> bytes:
    """The PNG. Raises IndexError."""
    (number, length, offset), *_ = records(dataset, IMAGE_INDEX, index, 1)
    return ranges.read(file_of(dataset, Kind.BUNDLE, number).key, offset, length)


def entry(dataset: Dataset, index: int) -> manifests.Entry:
    return entries(dataset, index, 1)[0]


def entries(dataset: Dataset, first: int, count: int) -> list[manifests.Entry]:
    """Fewer than `count` at the end of the dataset. Raises IndexError where `first` is outside it."""
    found = records(dataset, LINE_INDEX, first, count)
    start, end = found[0][2], found[-1][2] + found[-1][1]
    text = ranges.read(file_of(dataset, Kind.MANIFEST, 1).key, start, end - start)
    return [json.loads(line) for line in text.splitlines()]


def contact_sheet(dataset: Dataset) -> bytes:
    """A PNG: source images on the left, generated ones on the right."""
    return stored(dataset, Kind.CONTACT_SHEET)


def stored(dataset: Dataset, kind: str) -> bytes:
    """A whole file. Raises DatasetFile.DoesNotExist."""
    file = file_of(dataset, kind, 1)
    return ranges.read(file.key, 0, file.size)


def places(dataset: Dataset, label: str) -> Sequence[int]:
    """The numbers of the images with this label. Raises ValueError."""
    wanted = dataset.labels.index(label)
    shares = sharing.of(dataset.job, dataset.generator)
    return in_turn(dataset, wanted) if shares is None else shared_out(dataset, shares.slots_of(wanted).tolist())


def shared_out(dataset: Dataset, slots: list[int]) -> list[int]:
    """From slots, ascending, to numbers: those of shards that were dropped have none."""
    found: list[int] = []
    passed = 0
    for first, count in runs(dataset):
        start = dataset.first_slot + first
        here = slots[bisect_left(slots, start) : bisect_left(slots, start + count)]
        found += [slot - start + passed for slot in here]
        passed += count
    return found


def in_turn(dataset: Dataset, wanted: int) -> Sequence[int]:
    """Slot modulo the number of labels."""
    classes = len(dataset.labels)
    found: list[range] = []
    passed = 0
    for first, count in runs(dataset):
        start = (wanted - (dataset.first_slot + first)) % classes
        found.append(range(passed + start, passed + count, classes))
        passed += count
    return found[0] if len(found) == 1 else list(chain.from_iterable(found))


def runs(dataset: Dataset) -> list[tuple[int, int]]:
    """Stretches of slots that follow each other: one, but for a job that was stopped while it sampled."""
    done = dataset.job.tasks.filter(kind=JobTask.Kind.SAMPLE, state=JobTask.State.DONE).order_by("first")
    found: list[tuple[int, int]] = []
    for first, count in done.values_list("first", "count"):
        if found and sum(found[-1]) == first:
            found[-1] = (found[-1][0], found[-1][1] + count)
        else:
            found.append((first, count))
    return found


def records(dataset: Dataset, number: int, first: int, count: int) -> list[tuple[Any, ...]]:
    if not 0 <= first < dataset.count:
        raise IndexError(f"image {first} of {dataset.count}")
    count = min(count, dataset.count - first)
    key = file_of(dataset, Kind.INDEX, number).key
    return list(RECORD.iter_unpack(ranges.read(key, first * RECORD.size, count * RECORD.size)))


def file_of(dataset: Dataset, kind: str, number: int) -> DatasetFile:
    return dataset.files.get(kind=kind, number=number)
