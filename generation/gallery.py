"""Single images and manifest lines of a dataset, read from its bundle parts by their index records."""

import json
from typing import Any

from . import manifests, ranges
from .manifests import IMAGE_INDEX, LINE_INDEX, RECORD
from .models import Dataset, DatasetFile

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
    sheet = file_of(dataset, Kind.CONTACT_SHEET, 1)
    return ranges.read(sheet.key, 0, sheet.size)


def records(dataset: Dataset, number: int, first: int, count: int) -> list[tuple[Any, ...]]:
    if not 0 <= first < dataset.count:
        raise IndexError(f"image {first} of {dataset.count}")
    count = min(count, dataset.count - first)
    key = file_of(dataset, Kind.INDEX, number).key
    return list(RECORD.iter_unpack(ranges.read(key, first * RECORD.size, count * RECORD.size)))


def file_of(dataset: Dataset, kind: str, number: int) -> DatasetFile:
    return dataset.files.get(kind=kind, number=number)
