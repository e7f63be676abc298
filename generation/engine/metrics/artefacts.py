"""How far an image lies from everything that is real: a score by which broken images come last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from generation.engine.metrics.encoder import describe, embed
from generation.engine.metrics.features import Floats, Pixels

NEIGHBOURS = 3
USUAL = 0.99
BLOCK = 1024

# Rows [n,128] of the same images in both spaces of the encoder: what is shown, and how sharp, noisy and textured it is.
Seen = tuple[Floats, Floats]


def see(pixels: Pixels) -> Seen:
    """uint8 [n,H,W,C] -> what the functions here take."""
    return embed(pixels), describe(pixels)


@dataclass(frozen=True)
class Realism:
    """The inverse of the realism score (Kynkaanniemi et al., 2019): the least, over real images r, of the distance to r
    divided by r's own reach, the distance to its third neighbour. As in the paper only the half of the real images with
    the smaller reaches counts, so that an odd one among them vouches for nothing."""

    rows: Floats
    reach: Floats
    trusted: np.ndarray

    @classmethod
    def fit(cls, real: Floats) -> Self:
        reaches = _reaches(real)
        trusted = reaches <= np.median(reaches)
        return cls(real[trusted], np.maximum(reaches[trusted], 1e-6), trusted)

    def least(self, rows: Floats) -> Floats:
        """Rows [n,F] -> [n]."""
        parts = [self._ratios(rows[first : first + BLOCK]).min(axis=1) for first in range(0, len(rows), BLOCK)]
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    def alone(self, real: Floats) -> Floats:
        """What the real images score when none can vouch for itself."""
        places, parts = np.cumsum(self.trusted) - 1, []
        for first in range(0, len(real), BLOCK):
            ratios = self._ratios(real[first : first + BLOCK])
            own = np.flatnonzero(self.trusted[first : first + BLOCK])
            ratios[own, places[first + own]] = np.inf
            parts.append(ratios.min(axis=1))
        return np.concatenate(parts)

    def _ratios(self, rows: Floats) -> Floats:
        return _apart(rows, self.rows) / self.reach


@dataclass(frozen=True)
class Artefacts:
    """The geometric mean of the realism in both spaces of the encoder: either alone lets something through, noise among
    varied photographs or a flat grey.

    `usual` is what 99 % of the real images score against the others, and scores are given in units of it: above 1 an
    image lies farther out than 99 of 100 real ones. It ranks the images of one set; where a whole set is bad, the
    two-sample test tells. It sees noise, emptiness, grids and parts in wrong places; hardly what is merely soft, small
    flaws, and two images laid over each other.
    """

    spaces: tuple[Realism, Realism]
    usual: float

    @classmethod
    def fit(cls, real: Seen) -> Self:
        """Raises ValueError for fewer than five images."""
        if len(real[0]) < NEIGHBOURS + 2:
            raise ValueError("an artefact score takes at least five real images")
        spaces = Realism.fit(real[0]), Realism.fit(real[1])
        alone = _mean(*(space.alone(rows) for space, rows in zip(spaces, real, strict=True)))
        return cls(spaces, max(1e-6, float(np.quantile(alone, USUAL))))

    def score(self, seen: Seen) -> Floats:
        """-> scores [n]."""
        least = _mean(*(space.least(rows) for space, rows in zip(self.spaces, seen, strict=True)))
        return (least / self.usual).astype(np.float32)


def _mean(one: Floats, other: Floats) -> Floats:
    mean: Floats = np.sqrt(one * other)
    return mean


def _reaches(real: Floats) -> Floats:
    parts = []
    for first in range(0, len(real), BLOCK):
        apart = _apart(real[first : first + BLOCK], real)
        apart[np.arange(len(apart)), first + np.arange(len(apart))] = np.inf
        parts.append(np.partition(apart, NEIGHBOURS - 1, axis=1)[:, NEIGHBOURS - 1])
    return np.concatenate(parts)


def _apart(left: Floats, right: Floats) -> Floats:
    """[n,F] and [m,F] -> distances [n,m] in single precision: no difference here is finer than that."""
    squares = (left * left).sum(axis=1)[:, None] + (right * right).sum(axis=1)[None] - 2 * left @ right.T
    return np.sqrt(np.maximum(squares, 0))
