"""Which class each image of a labelled run has: in turn, or as often as among the source images."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Shares:
    """How many images of each class the slots from `first` on have, and which slots they are.

    Lay the images of each class side by side; slot `first` + i has the class of place i * `step`, counted round and
    round. The step meets every place once, and as a golden section of the row it meets the classes evenly all the
    way, so that a run that is cut short is in proportion too. Slots and counts decide it alone: shards agree.
    """

    counts: tuple[int, ...]
    first: int = 0

    def __post_init__(self) -> None:
        if min(self.counts, default=0) < 0 or self.total == 0 or self.first < 0:
            raise ValueError(f"{self}: at least one image in all, and no number below 0")

    @classmethod
    def in_proportion(cls, weights: Sequence[int], count: int, first: int = 0) -> Shares:
        """`count` images in the proportions of `weights`, to the nearest whole image (largest remainders)."""
        if min(weights, default=0) < 0 or sum(weights) == 0:
            raise ValueError(f"weights {tuple(weights)}: at least one above 0, and none below")
        whole = sum(weights)
        counts = [weight * count // whole for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda n: -(weights[n] * count % whole))
        for n in by_remainder[: count - sum(counts)]:
            counts[n] += 1
        return cls(tuple(counts), first)

    @property
    def total(self) -> int:
        return sum(self.counts)

    @cached_property
    def step(self) -> int:
        nearest = max(1, round(GOLDEN * self.total))
        return next(step for n in range(self.total) for step in (nearest + n,) if math.gcd(step, self.total) == 1)

    @cached_property
    def ends(self) -> Numbers:
        return np.cumsum(self.counts)

    def classes_of(self, slots: Iterable[int]) -> Numbers:
        """Slots [n] -> numbers of their classes [n]; beyond the last slot it begins again."""
        places = (np.fromiter(slots, np.int64) - self.first) % self.total * self.step % self.total
        return np.searchsorted(self.ends, places, side="right").astype(np.int64)

    def slots_of(self, number: int) -> Numbers:
        """The slots of one class, ascending."""
        last = int(self.ends[number])
        places = np.arange(last - self.counts[number], last)
        return self.first + np.sort(places * pow(self.step, -1, self.total) % self.total)


@dataclass(frozen=True, eq=False)
class Given(Shares):
    """Classes that are named for each slot from `first` on: new images in the places of others take over theirs."""

    classes: Numbers = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @classmethod
    def of(cls, classes: Sequence[int], labels: int, first: int) -> Given:
        named = np.asarray(classes, dtype=np.int64)
        return cls(tuple(np.bincount(named, minlength=labels).tolist()), first, named)

    def classes_of(self, slots: Iterable[int]) -> Numbers:
        found: Numbers = self.classes[np.fromiter(slots, np.int64) - self.first]
        return found

    def slots_of(self, number: int) -> Numbers:
        return self.first + np.flatnonzero(self.classes == number)
