"""Which images of a large set have an earlier one that is nearly the same, without comparing all with all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from generation.engine.metrics.features import Floats

# Up to so many all are compared with all; above, an image is looked for in the cells of its two nearest pivots.
WHOLE = 4096
PROBES = 2
# Rows of a cell that are compared with it at a time.
BLOCK = 1024

Numbers = npt.NDArray[np.int64]


def earlier(
    rows: npt.NDArray[np.float16] | Floats, check: Callable[[], None] = lambda: None
) -> tuple[Floats, npt.NDArray[np.uint32]]:
    """Rows [N,F] of length 1, which may lie on disk -> distance [N] to the nearest earlier row and its number [N].

    The first row has none, and its distance is infinite. Beyond 4,096 rows the search is by cells (inverted file,
    Jegou et al., 2011), which finds what is nearly the same, but may miss the nearest of what is not.
    """
    best = np.full(len(rows), np.inf, dtype=np.float32)
    which = np.zeros(len(rows), dtype=np.uint32)
    for members in cells(rows, check):
        check()
        within(rows, members, best, which)
    return best, which


def cells(rows: npt.NDArray[np.float16] | Floats, check: Callable[[], None]) -> Iterator[Numbers]:
    """Numbers of the rows of each cell, ascending."""
    if len(rows) <= WHOLE:
        yield np.arange(len(rows))
        return
    count = math.isqrt(len(rows))
    chosen = np.sort(np.random.default_rng(0).permutation(len(rows))[:count])
    pivots = np.asarray(rows[chosen], dtype=np.float32)
    nearest = np.empty((len(rows), PROBES), dtype=np.int32)
    for first in range(0, len(rows), BLOCK):
        check()
        likeness = np.asarray(rows[first : first + BLOCK], dtype=np.float32) @ pivots.T
        nearest[first : first + BLOCK] = np.argpartition(-likeness, PROBES, axis=1)[:, :PROBES]
    order = np.argsort(nearest, axis=None, kind="stable")
    ends = np.cumsum(np.bincount(nearest.ravel(), minlength=count))
    for start, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
        yield order[start:end] // PROBES


def within(
    rows: npt.NDArray[np.float16] | Floats, members: Numbers, best: Floats, which: npt.NDArray[np.uint32]
) -> None:
    """Improves `best` and `which` by the pairs of one cell."""
    cell = np.asarray(rows[members], dtype=np.float32)
    for first in range(0, len(cell), BLOCK):
        block = cell[first : first + BLOCK]
        likeness = block @ cell[: first + len(block)].T
        # Only those before.
        likeness[np.triu_indices(len(block), first, likeness.shape[1])] = -np.inf
        at = likeness.argmax(axis=1)
        apart = np.sqrt(np.maximum(2 - 2 * likeness[np.arange(len(block)), at], 0))
        own = members[first : first + BLOCK]
        better = apart < best[own]
        best[own[better]], which[own[better]] = apart[better], members[at[better]]
