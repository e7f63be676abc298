"""Single images and manifest lines of a dataset, read from its bundle parts by their index records."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from . import manifests, ranges, refinements, sharing
from .manifests import IMAGE_INDEX, LINE_INDEX, RECORD
from .models import Dataset, DatasetFile, GenerationJob, JobTask

Kind = DatasetFile.Kind


def image_bytes(dataset: Dataset, index: int) -> bytes:
    """The PNG. Raises IndexError."""
    (number, length, offset), *_ = records(dataset, IMAGE_INDEX, index, 1)
    return ranges.read(file_of(dataset, Kind.BUNDLE, number).key, offset, length)


def images(dataset: Dataset, first: int, count: int) -> list[bytes]:
    """PNGs of images that follow each other, fewer than `count` at the end. One reading for each part they lie in."""
    found: list[bytes] = []
    for number, group in groupby(records(dataset, IMAGE_INDEX, first, count), key=itemgetter(0)):
        stretch = [(length, offset) for _number, length, offset in group]
        start, end = stretch[0][1], sum(stretch[-1])
        text = ranges.read(file_of(dataset, Kind.BUNDLE, number).key, start, end - start)
        found += [text[offset - start : offset - start + length] for length, offset in stretch]
    return found


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
    return places_in(dataset.job, dataset.labels.index(label), len(dataset.labels))


def places_in(job: GenerationJob, wanted: int, classes: int) -> Sequence[int]:
    """Of label `wanted` of so many. A refined dataset has the labels of the one it comes from, in their places."""
    if (refinement := refinements.of(job)) is not None:
        assert job.parent is not None
        return without(places_in(job.parent, wanted, classes), refinements.dropped(refinement))
    assert job.generator is not None
    shares = sharing.of(job, job.generator)
    return in_turn(job, wanted, classes) if shares is None else shared_out(job, shares.slots_of(wanted).tolist())


def without(places: Sequence[int], dropped: list[int]) -> Sequence[int]:
    """The places as they are once those in `dropped`, ascending, are taken out."""
    if not dropped:
        return places
    gone = set(dropped)
    return [place - bisect_left(dropped, place) for place in places if place not in gone]


def shared_out(job: GenerationJob, slots: list[int]) -> list[int]:
    """From slots, ascending, to numbers: those of shards that were dropped have none."""
    found: list[int] = []
    passed = 0
    for first, count in runs(job):
        start = first_slot(job) + first
        here = slots[bisect_left(slots, start) : bisect_left(slots, start + count)]
        found += [slot - start + passed for slot in here]
        passed += count
    return found


def in_turn(job: GenerationJob, wanted: int, classes: int) -> Sequence[int]:
    """Slot modulo the number of labels."""
    found: list[range] = []
    passed = 0
    for first, count in runs(job):
        start = (wanted - (first_slot(job) + first)) % classes
        found.append(range(passed + start, passed + count, classes))
        passed += count
    return found[0] if len(found) == 1 else list(chain.from_iterable(found))


def first_slot(job: GenerationJob) -> int:
    assert job.first_slot is not None
    return job.first_slot


def runs(job: GenerationJob) -> list[tuple[int, int]]:
    """Stretches of slots that follow each other: one, but for a job that was stopped while it sampled."""
    done = job.tasks.filter(kind=JobTask.Kind.SAMPLE, state=JobTask.State.DONE).order_by("first")
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
