"""Identical images across shards: the lowest slot keeps its image, the others take their next attempts."""

import numpy as np

from generation import manifests
from generation.engine.config import MAX_ATTEMPTS
from generation.models import JobTask

from . import shards
from .screening import Made, Screen, too_few
from .watching import Watch

Replaced = dict[int, tuple[manifests.Entry, bytes]]


def without_twins(done: list[JobTask], screen: Screen, watch: Watch) -> Replaced:
    """New images by slot, for slots whose image an earlier slot had already. Raises Impossible."""
    slots, attempts, hashes = read(done, watch)
    _unique, firsts = np.unique(hashes, return_index=True)
    twins = np.setdiff1d(np.arange(len(hashes)), firsts)
    taken = {int(number) for number in hashes} if len(twins) else set()
    replaced: Replaced = {}
    for place in twins:
        watch.check()
        made = another(int(slots[place]), int(attempts[place]) + 1, screen, taken)
        taken.add(number_of(made.entry))
        replaced[int(slots[place])] = (made.entry, made.png)
    return replaced


def read(done: list[JobTask], watch: Watch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slot, attempt and hash of every image, 8 bytes each: a million images take 24 MB here."""
    rows = []
    for shard in done:
        watch.check()
        facts = [(made["slot"], made["attempt"], number_of(made)) for made in shards.lines(shard)]
        rows.append(np.array(facts, dtype=np.uint64))
    slots, attempts, hashes = np.concatenate(rows).T
    return slots, attempts, hashes


def number_of(made: manifests.Entry) -> int:
    """The PNG encoder is deterministic, so equal pixels have equal hashes. Of 256 bits, 64 tell a million apart."""
    return int(made["sha256"][:16], 16)


def another(slot: int, attempt: int, screen: Screen, taken: set[int]) -> Made:
    for later in range(attempt, MAX_ATTEMPTS):
        for made in screen.round([slot], later):
            if number_of(made.entry) not in taken:
                return made
    raise too_few(screen.job, len(taken))
