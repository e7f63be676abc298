"""Finding generated images that repeat a source image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from generation.engine.metrics.encoder import embed
from generation.engine.metrics.features import Encoder, Floats, Pixels
from generation.engine.metrics.pairs import Found, Pairs

QUANTILE = 0.001
TAIL = (0.005, 0.05)
# Exact copies are found even where the sources hold twins and the distance between them is 0.
NOTHING = 0.003
SMALL = 200
LEFT_OUT = 1000
# What resampling leaves of an exact copy: real images nearer than this to each other are the same picture.
TWIN = 0.055
# The same of an exact blend of two.
MIXED_TWIN = 0.008
# Where more real images than this are so near each other, they are simply alike, and all of them count.
FEW = 0.05

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Reach:
    """How near real images come to the source images, which they did not give rise to."""

    alone: float
    blended: float
    twins: float

    @classmethod
    def of(cls, real: Found) -> Reach:
        twins = real.alone < TWIN
        share = float(twins.float().mean())
        if share > FEW:
            return cls(_rare(real.alone), _rare(real.blended), share)
        return cls(max(TWIN, _rare(real.alone[~twins])), max(MIXED_TWIN, _rare(real.blended[~twins])), share)


class CopyDetector:
    """A copy is an image nearer to a source image than 99.9 % of real ones are: alone, however moved, mirrored or
    recoloured, or as the greater part of a blend with another source image.

    Distances are given in units of that distance, so `threshold` is 1. `calibration` says whom it was taken from:
    "holdout", or, for under 200 source images or without held-out ones, "leave-one-out": each source image against
    the others. `twins` is the share of real images that are the same picture as another.
    """

    threshold = 1.0

    def __init__(self, pairs: Pairs, reach: Reach, calibration: str) -> None:
        self.pairs, self.reach, self.calibration = pairs, reach, calibration

    @classmethod
    def fit(cls, train: Any, holdout: Any = None, *, encoder: Encoder = embed) -> Self:  # Any: see _pixels
        """`train` and `holdout` are ImageSets or uint8 [N,H,W,C]. Raises ValueError for fewer than two images."""
        pixels, unseen = _pixels(train), None if holdout is None else _pixels(holdout)
        if len(pixels) < 2:
            raise ValueError("copies can only be told from at least two source images")
        pairs = Pairs(pixels, encoder)
        chosen = np.random.default_rng(0).permutation(len(pixels))[:LEFT_OUT]
        real, calibration = pairs.search(pixels[chosen], own=chosen), "leave-one-out"
        if unseen is not None and len(unseen) > 0 and len(pixels) >= SMALL:
            real, calibration = Found.joined([pairs.search(unseen), real]), "holdout"
        return cls(pairs, Reach.of(real), calibration)

    @property
    def twins(self) -> float:
        return self.reach.twins

    def distance(self, pixels: Pixels) -> tuple[Floats, Indices]:
        """uint8 [n,H,W,C] -> distance [n] to the nearest source image and its index [n]."""
        if len(pixels) == 0:
            return np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64)
        found = self.pairs.search(pixels)
        alone, blended = found.alone / self.reach.alone, found.blended / self.reach.blended
        return torch.minimum(alone, blended).numpy(), found.source.numpy()

    def is_copy(self, distances: Floats) -> npt.NDArray[np.bool_]:
        return distances < self.threshold


def _rare(distances: Tensor) -> float:
    """What 99.9 % lie above. Few hundred distances cannot show that, so the tail is also drawn out as a power law
    from the 5 % and 0.5 % that they do show, and the nearer of both holds."""
    seen, inner, outer = distances.quantile(torch.tensor([QUANTILE, *TAIL])).clamp(min=NOTHING).tolist()
    steepness = math.log(outer / inner) / math.log(TAIL[1] / TAIL[0])
    return max(NOTHING, min(seen, inner * (QUANTILE / TAIL[0]) ** steepness))


def _pixels(images: Any) -> Pixels:  # Any: an ImageSet or an array; either gives pixels
    return np.asarray(getattr(images, "pixels", images), dtype=np.uint8)
