"""Identical images across shards: the lowest slot keeps its image, the others take their next attempts."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from generation import manifests, refinements
from generation.engine.config import MAX_ATTEMPTS
from generation.models import JobTask

from . import shards
from .screening import Made, Screen, too_few
from .watching import Watch

Replaced = dict[int, tuple[manifests.Entry, bytes]]
Told = Callable[[int, int], None]
Numbers = npt.NDArray[np.uint64]


def without_twins(
    done: list[JobTask], screen: Screen, watch: Watch, told: Told, taken: Numbers | None = None
) -> Replaced:
    """New images by slot, for slots whose image an earlier slot had already, or is among those `taken`.
    Raises Impossible.

    `told` learns of how many images the hash is read, and of how many.
    """
    hashes = np.concatenate(list(read(done, watch, told)))
    others = np.empty(0, np.uint64) if taken is None else taken
    in_order = np.sort(np.concatenate([hashes, others]))
    repeated = np.unique(in_order[1:][in_order[1:] == in_order[:-1]])
    replaced: Replaced = {}
    added: set[int] = set()
    for slot, attempt in twins(done, hashes, repeated, others):
        watch.check()
        made = another(slot, attempt + 1, screen, lambda number: number in added or is_in(in_order, number))
        added.add(number_of(made.entry))
        replaced[slot] = (made.entry, made.png)
    return replaced


def read(done: list[JobTask], watch: Watch, told: Told) -> Iterator[Numbers]:
    total, so_far = sum(shard.count for shard in done), 0
    for shard in done:
        yield numbers(shard, watch)
        so_far += shard.count
        told(so_far, total)


def numbers(shard: JobTask, watch: Watch) -> Numbers:
    """The hash of every image in 8 bytes: a million take 8 MB."""
    watch.check()
    return np.fromiter((number_of(made) for made in shards.lines(shard)), np.uint64, shard.count)


def twins(done: list[JobTask], hashes: Numbers, repeated: Numbers, others: Numbers) -> Iterator[tuple[int, int]]:
    """Slot and attempt of all but the first of each number that is repeated; those of `others` come before."""
    seen: set[int] = set(repeated[np.isin(repeated, others)].tolist())
    first = 0
    for shard in done:
        if np.isin(hashes[first : first + shard.count], repeated).any():
            for made in shards.lines(shard):
                number = number_of(made)
                if is_in(repeated, number):
                    if number in seen:
                        yield made["slot"], made["attempt"]
                    seen.add(number)
        first += shard.count


def is_in(ascending: Numbers, number: int) -> bool:
    place = int(np.searchsorted(ascending, np.uint64(number)))
    return place < len(ascending) and int(ascending[place]) == number


def number_of(made: manifests.Entry) -> int:
    """The PNG encoder is deterministic, so equal pixels have equal hashes. Of 256 bits, 64 tell a million apart."""
    return int(made["sha256"][:16], 16)


def another(slot: int, attempt: int, screen: Screen, is_taken: Callable[[int], bool]) -> Made:
    for later in range(attempt, MAX_ATTEMPTS):
        for made in screen.round([slot], later):
            if not is_taken(number_of(made.entry)):
                return made
    raise too_few(screen.job, refinements.new_images(screen.job) - 1, MAX_ATTEMPTS)
