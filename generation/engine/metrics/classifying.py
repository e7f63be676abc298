"""What a linear classifier on features can tell apart: real from generated, and class from class."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from generation.engine.data import Labels
from generation.engine.metrics.features import Floats
from generation.engine.metrics.likeness import Estimate, share

FOLDS = 5
PENALTY = 1e-2
STEPS = 60


def two_sample(real: Floats, fake: Floats, *, seed: int = 0) -> Estimate:
    """How often a classifier names an image it was not shown rightly real or generated (Lopez-Paz and Oquab, 2017).

    Rows [N,F] twice, as many of either. 0.5: it cannot tell; 1: it always can. Over five folds.
    """
    if len(real) != len(fake):
        raise ValueError(f"as many of either are needed, not {len(real)} and {len(fake)}")
    rows = np.concatenate([real, fake])
    labels = np.repeat([0, 1], len(real))
    # Pairs of a real and a generated image share a fold: no fold has more of one kind than of the other.
    folds = np.tile(np.random.default_rng(seed).permutation(len(real)) % FOLDS, 2)
    right = 0
    for fold in range(min(FOLDS, len(real))):
        learnt = Linear(rows[folds != fold], labels[folds != fold])
        right += int((learnt.name(rows[folds == fold]) == labels[folds == fold]).sum())
    # The folds share what they learn from, so their errors go together: the interval is that of half as many images.
    return share(right / 2, len(rows) / 2)


def accuracy(rows: Floats, labels: Labels, real_rows: Floats, real_labels: Labels) -> Estimate:
    """Learns classes from one set and names the images of another: how often rightly."""
    named = Linear(rows, labels).name(real_rows)
    return share(int((named == real_labels).sum()), len(real_labels))


class Linear:
    """Multinomial logistic regression on standardised rows with a quadratic penalty, by L-BFGS."""

    def __init__(self, rows: Floats, labels: Labels) -> None:
        self.mean, self.deviation = rows.mean(axis=0), rows.std(axis=0) + 1e-6
        self.weights = _solve(self._standard(rows), torch.from_numpy(labels.astype(np.int64)))

    def name(self, rows: Floats) -> Labels:
        """[N,F] -> class numbers [N]"""
        return (self._standard(rows) @ self.weights).argmax(dim=1).numpy()

    def _standard(self, rows: Floats) -> Tensor:
        """A last column of ones carries the offsets."""
        standard = torch.from_numpy(((rows - self.mean) / self.deviation).clip(-10, 10)).double()
        return torch.cat([standard, torch.ones(len(rows), 1, dtype=torch.float64)], dim=1)


def _solve(rows: Tensor, labels: Tensor) -> Tensor:
    weights = torch.zeros(rows.shape[1], int(labels.max()) + 1, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([weights], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        value = F.cross_entropy(rows @ weights, labels) + PENALTY * weights[:-1].square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        search.step(loss)
    return weights.detach()
