"""How alike two sets of images are, from rows of features: KID, recall and coverage, and a two-sample test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from generation.engine.metrics.features import Floats

Numbers = npt.NDArray[np.float64]

SUBSETS = 100
MOST_IN_SUBSET = 1000
LEAST_FOR_NEIGHBOURS = 200
RECALL_NEIGHBOURS = 3
COVERAGE_NEIGHBOURS = 5
CONFIDENCE_95 = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def kid(real: Floats, fake: Floats, *, seed: int = 0) -> Estimate:
    """Kernel inception distance (Binkowski et al., 2018): unbiased squared MMD with the kernel (xy / F + 1)^3.

    Rows [N,F] and [M,F]. The interval comes from 100 subsets of half the rows, at most 1,000; the spread of half
    samples is that of the whole.
    """
    within_real, within_fake, across = _kernel(real, real), _kernel(fake, fake), _kernel(real, fake)
    whole = _mmd(within_real, within_fake, across)
    random = np.random.default_rng(seed)
    size = max(2, min(len(real) // 2, len(fake) // 2, MOST_IN_SUBSET))
    spread = []
    for _ in range(SUBSETS):
        ours, theirs = random.permutation(len(real))[:size], random.permutation(len(fake))[:size]
        parts = within_real[np.ix_(ours, ours)], within_fake[np.ix_(theirs, theirs)], across[np.ix_(ours, theirs)]
        spread.append(_mmd(*parts))
    low, high = np.quantile(spread, [0.025, 0.975]) - np.mean(spread)
    return Estimate(whole, whole + float(low), whole + float(high))


def _kernel(left: Floats, right: Floats) -> Numbers:
    products: Numbers = left.astype(np.float64) @ right.astype(np.float64).T / left.shape[1] + 1
    return products**3


def _mmd(within_real: Numbers, within_fake: Numbers, across: Numbers) -> float:
    n, m = across.shape
    inner = (within_real.sum() - np.trace(within_real)) / (n * (n - 1))
    outer = (within_fake.sum() - np.trace(within_fake)) / (m * (m - 1))
    return float(inner + outer - 2 * across.mean())


def recall(real: Floats, fake: Floats) -> float:
    """Share of real images that lie within the reach of a generated one, its third neighbour's distance among the
    generated (Kynkaanniemi et al., 2019): how much of the real variety is made."""
    reach = _reach(fake, RECALL_NEIGHBOURS)
    return float((distances(real, fake) <= reach[None, :]).any(axis=1).mean())


def coverage(real: Floats, fake: Floats) -> float:
    """Share of real images whose own reach, their fifth neighbour's distance among the real, holds a generated one
    (Naeem et al., 2020): how much of the real variety has generated neighbours."""
    return float((distances(real, fake).min(axis=1) <= _reach(real, COVERAGE_NEIGHBOURS)).mean())


def _reach(rows: Floats, neighbours: int) -> Numbers:
    within = distances(rows, rows)
    np.fill_diagonal(within, np.inf)
    return np.partition(within, neighbours - 1, axis=1)[:, neighbours - 1]


def distances(left: Floats, right: Floats) -> Numbers:
    """[N,F] and [M,F] -> Euclidean distances [N,M]."""
    ours, theirs = left.astype(np.float64), right.astype(np.float64)
    squares = np.square(ours).sum(axis=1)[:, None] + np.square(theirs).sum(axis=1)[None] - 2 * ours @ theirs.T
    return np.sqrt(np.maximum(squares, 0))


def share(count: float, total: float) -> Estimate:
    """A share and Wilson's interval."""
    p, z2 = count / total, CONFIDENCE_95**2
    middle = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = CONFIDENCE_95 * np.sqrt(p * (1 - p) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return Estimate(p, float(middle - half), float(middle + half))
