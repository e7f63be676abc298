"""How often images of one set come near to each other."""

from __future__ import annotations

import numpy as np

from generation.engine.metrics.features import Floats
from generation.engine.metrics.likeness import distances


def similar_rate(rows: Floats, reach: float) -> float:
    """Share of rows [N,F] with another row nearer than `reach`."""
    if len(rows) < 2:
        return 0.0
    return float((_nearest(rows) < reach).mean())


def usual_reach(rows: Floats, rate: float = 0.01) -> float:
    """The distance within which `rate` of the rows have another."""
    return float(np.quantile(_nearest(rows), rate))


def _nearest(rows: Floats) -> Floats:
    within = distances(rows, rows)
    np.fill_diagonal(within, np.inf)
    nearest: Floats = within.min(axis=1)
    return nearest
