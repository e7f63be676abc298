"""Whether a set as a whole lies too near to the images it was learnt from: C_T of Meehan et al. (2020)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from generation.engine.metrics.features import Floats
from generation.engine.metrics.likeness import Numbers, distances

CELLS = 3
ROUNDS = 20
LEAST_IN_CELL = 5


def c_t(train: Floats, holdout: Floats, fake: Floats, *, seed: int = 0) -> float | None:
    """Rows [.,F] -> under -3: nearer to `train` than held-out images are, copying; over 3: farther, underfitting.

    In each cell of `train`'s k-means, Mann and Whitney's U says how often a generated image lies farther from `train`
    than a held-out one, in standard deviations; cells weigh as much as they hold of `train`. None where no cell
    holds five of either.
    """
    centres = _centres(train, np.random.default_rng(seed))
    cells = [distances(rows, centres).argmin(axis=1) for rows in (train, holdout, fake)]
    apart = [distances(rows, train).min(axis=1) for rows in (holdout, fake)]
    found, weights = [], []
    for cell in range(len(centres)):
        ours, theirs = apart[0][cells[1] == cell], apart[1][cells[2] == cell]
        if min(len(ours), len(theirs)) >= LEAST_IN_CELL:
            found.append(_deviations(theirs, ours))
            weights.append((cells[0] == cell).mean())
    return float(np.average(found, weights=weights)) if found else None


def _deviations(left: Numbers, right: Numbers) -> float:
    """Mann and Whitney's U as deviations from its mean; positive where `left` tends to be greater."""
    n, m = len(left), len(right)
    u = _ranks(np.concatenate([left, right]))[:n].sum() - n * (n + 1) / 2
    return float((u - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))


def _ranks(values: Numbers) -> Numbers:
    """From 1; equals share the mean of their ranks."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last: Numbers = counts.cumsum().astype(np.float64)
    return (last - (counts - 1) / 2)[which]


def _centres(rows: Floats, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Lloyd's k-means from rows drawn at random."""
    centres = rows[random.permutation(len(rows))[: min(CELLS, len(rows))]].copy()
    for _ in range(ROUNDS):
        nearest = distances(rows, centres).argmin(axis=1)
        for cell in np.unique(nearest):
            centres[cell] = rows[nearest == cell].mean(axis=0)
    return centres
