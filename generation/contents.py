"""A dataset's images in their order, each with its manifest line, read from the bundle parts from front to back."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

from . import gallery, ranges
from .manifests import IMAGE_INDEX, Entry
from .models import Dataset, DatasetFile

# Lines and places that are held at once.
PAGE = 1_000


def images(dataset: Dataset, first: int, count: int) -> Iterator[tuple[Entry, bytes]]:
    """(manifest line, PNG) of the images `first` to `first + count`; memory does not grow with them."""
    with ExitStack() as stack:
        parts = Parts(dataset, stack)
        for start in range(first, first + count, PAGE):
            here = min(PAGE, first + count - start)
            entries = gallery.entries(dataset, start, here)
            places = gallery.records(dataset, IMAGE_INDEX, start, here)
            for entry, (number, length, offset) in zip(entries, places, strict=True):
                yield entry, parts.read(number, offset, length)


class Parts:
    """The part that is being read stays open."""

    def __init__(self, dataset: Dataset, stack: ExitStack) -> None:
        self.dataset, self.stack = dataset, stack
        self.opened: dict[int, BinaryIO] = {}

    def read(self, number: int, offset: int, length: int) -> bytes:
        part = self.opened.get(number) or self.open(number)
        part.seek(offset)
        return part.read(length)

    def open(self, number: int) -> BinaryIO:
        self.stack.close()
        row = self.dataset.files.get(kind=DatasetFile.Kind.BUNDLE, number=number)
        part = self.stack.enter_context(ranges.opened(row.key, row.size))
        self.opened = {number: part}
        return part
