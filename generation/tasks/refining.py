"""What a refined dataset is made of: images of the dataset refined, and new ones in the places of the rejected."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
from django.utils.translation import gettext as _

from generation import gallery, refinements
from generation.manifests import Entry
from generation.models import Dataset, GenerationJob, JobTask, Refinement

from . import shards
from .endings_of_work import Impossible
from .twins import Numbers, number_of
from .watching import Watch

# Images of the dataset refined in one piece, and read at a time.
PIECE, BLOCK = 4096, 256
# Of a rejected image: the shard that holds the new one, and where in it; None where it was not made.
Place = tuple[JobTask, int] | None


@dataclass(frozen=True)
class Piece:
    """Images `first` to `first + of` of `dataset`, where those in `places` are replaced or left out."""

    dataset: Dataset
    first: int
    of: int
    places: dict[int, Place]

    @property
    def count(self) -> int:
        return self.of - sum(place is None for place in self.places.values())

    @property
    def numbers(self) -> list[int]:
        """Of the dataset refined, without those left out: the images of this piece in order."""
        return [n for n in range(self.first, self.first + self.of) if self.places.get(n, True) is not None]

    def lines(self) -> list[Entry]:
        kept = gallery.entries(self.dataset, self.first, self.of)
        new = dict(self.new_lines())
        return [new.get(number) or kept[number - self.first] for number in self.numbers]

    def new_lines(self) -> Iterator[tuple[int, Entry]]:
        for shard, wanted in self.by_shard(self.places):
            lines = shards.lines(shard)
            yield from ((number, lines[position]) for number, position in wanted)

    def images(self, chosen: set[int] | None) -> Iterator[tuple[Entry, bytes]]:
        numbers = self.numbers
        wanted = [n for at, n in enumerate(numbers) if chosen is None or at in chosen]
        new = self.new_images([number for number in wanted if number in self.places])
        kept = self.kept_images([number for number in wanted if number not in self.places])
        for number in wanted:
            yield next(new) if number in self.places else next(kept)

    def new_images(self, numbers: Sequence[int]) -> Iterator[tuple[Entry, bytes]]:
        for shard, wanted in self.by_shard(numbers):
            yield from shards.images(shard, {position for _number, position in wanted})

    def by_shard(self, numbers: Sequence[int] | dict[int, Place]) -> Iterator[tuple[JobTask, list[tuple[int, int]]]]:
        """Numbers and positions in the shard; both ascend."""
        places = [(number, *place) for number in sorted(numbers) if (place := self.places[number]) is not None]
        for shard, found in groupby(places, key=itemgetter(1)):
            yield shard, [(number, position) for number, _shard, position in found]

    def kept_images(self, numbers: Sequence[int]) -> Iterator[tuple[Entry, bytes]]:
        for _block, group in groupby(numbers, key=lambda number: number // BLOCK):
            wanted = list(group)
            start, count = wanted[0], wanted[-1] + 1 - wanted[0]
            lines, pngs = gallery.entries(self.dataset, start, count), gallery.images(self.dataset, start, count)
            yield from ((lines[n - start], pngs[n - start]) for n in wanted)


def whole(job: GenerationJob, done: list[JobTask]) -> Sequence[shards.Shard]:
    """All images of the dataset that the job makes, in order: the shards themselves, but for a refined dataset."""
    if (refinement := refinements.of(job)) is None:
        return done
    dataset = refined(refinement)
    places = dict(placed(refinement, done))
    return [piece(dataset, places, first) for first in range(0, dataset.count, PIECE)]


def refined(refinement: Refinement) -> Dataset:
    if refinement.dataset is None:
        raise Impossible(_("The dataset that was to be refined has been deleted."))
    return refinement.dataset


def piece(dataset: Dataset, places: dict[int, Place], first: int) -> Piece:
    of = min(PIECE, dataset.count - first)
    return Piece(dataset, first, of, {n: places[n] for n in range(first, first + of) if n in places})


def placed(refinement: Refinement, done: list[JobTask]) -> Iterator[tuple[int, Place]]:
    """Which new image comes into the place of each rejected one: the same in the order of both."""
    gone = refinements.rejected(refinement)
    yield from dict.fromkeys(gone).items()
    for shard in done:
        for position, number in enumerate(gone[shard.first : shard.first + shard.count]):
            yield number, (shard, position)


def hashes(job: GenerationJob, watch: Watch) -> Numbers:
    """Of all images of the dataset refined: no new one may repeat one that is kept, nor one that was rejected."""
    if (refinement := refinements.of(job)) is None:
        return np.empty(0, dtype=np.uint64)
    dataset = refined(refinement)
    found = np.empty(dataset.count, dtype=np.uint64)
    for first in range(0, dataset.count, PIECE):
        watch.check()
        lines = gallery.entries(dataset, first, PIECE)
        found[first : first + len(lines)] = [number_of(line) for line in lines]
    return found


def told(refinement: Refinement) -> dict[str, str | int]:
    """For the report, which buyers read: what it was refined from, and how many images were replaced or left out."""
    left_out = len(refinements.dropped(refinement))
    return {
        "content_hash": refinement.content_hash,
        "rejected": refinement.count,
        "replaced": refinement.count - left_out,
        "left_out": left_out,
    }
