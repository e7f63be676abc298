"""Finding generated images that repeat a source image."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch

from generation.engine.metrics.encoder import embed
from generation.engine.metrics.features import Encoder, Floats, Pixels, flattened
from generation.engine.metrics.reach import Reach
from generation.engine.metrics.search import Found, Search

SMALL = 200
LEFT_OUT = 1000

Indices = npt.NDArray[np.int64]


class CopyDetector:
    """A copy is an image nearer to a source image than 99.9 % of real ones are: however moved, mirrored or recoloured,
    or in its finest details, which also tell a source image that something else is blended with.

    Distances are given in units of that distance, so `threshold` is 1. `calibration` says whom it was taken from:
    "holdout", or, for under 200 source images or without held-out ones, "leave-one-out": each source image against
    the others. `twins` is the share of real images that are the same picture as another.
    """

    threshold = 1.0

    def __init__(self, search: Search, reach: Reach, calibration: str) -> None:
        self.search, self.reach, self.calibration = search, reach, calibration

    @classmethod
    def fit(cls, train: Any, holdout: Any = None, *, encoder: Encoder = embed) -> Self:  # Any: see _pixels
        """`train` and `holdout` are ImageSets or uint8 [N,H,W,C]. Raises ValueError for fewer than two images."""
        pixels, unseen = _pixels(train), None if holdout is None else _pixels(holdout)
        if len(pixels) < 2:
            raise ValueError("copies can only be told from at least two source images")
        search = Search(pixels, encoder)
        chosen = np.random.default_rng(0).permutation(len(pixels))[:LEFT_OUT]
        real, calibration = search.find(pixels[chosen], chosen, thorough=True), "leave-one-out"
        if unseen is not None and len(unseen) > 0 and len(pixels) >= SMALL:
            real, calibration = Found.joined([search.find(unseen, thorough=True), real]), "holdout"
        return cls(search, Reach.of(real), calibration)

    @property
    def twins(self) -> float:
        return self.reach.twins

    def distance(self, pixels: Pixels) -> tuple[Floats, Indices]:
        """uint8 [n,H,W,C] -> distance [n] to the nearest source image and its index [n]."""
        if len(pixels) == 0:
            return np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64)
        found = self.search.find(flattened(pixels))
        both = torch.stack([found.alone / self.reach.alone, found.details / self.reach.details], dim=1)
        distances, which = both.min(dim=1)
        return distances.numpy(), found.sources.gather(1, which[:, None])[:, 0].numpy()

    def is_copy(self, distances: Floats) -> npt.NDArray[np.bool_]:
        return distances < self.threshold


def _pixels(images: Any) -> Pixels:  # Any: an ImageSet or an array; either gives pixels
    return flattened(np.asarray(getattr(images, "pixels", images), dtype=np.uint8))
