"""Finding generated images that repeat a source image."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from generation.engine.metrics.features import Encoder, Floats, Pixels, colours_and_edges

QUANTILE = 0.001
ROWS_AT_A_TIME = 512
SMALL = 200
# Exact copies are found even where the sources hold twins and the distance between them is 0.
NOTHING = 1e-4

Indices = npt.NDArray[np.int64]


class CopyDetector:
    """A copy is an image nearer to a source image than 99.9 % of held-out real ones are, mirrored or not.

    `threshold` is that distance and `calibration` says where it came from: "holdout", or, for under 200 source images
    or without held-out ones, "leave-one-out": each source image's distance to the nearest other.
    """

    def __init__(self, sources: Floats, threshold: float, calibration: str, encoder: Encoder) -> None:
        self.sources, self.threshold, self.calibration, self.encoder = sources, threshold, calibration, encoder

    @classmethod
    def fit(cls, train: Any, holdout: Any = None, *, encoder: Encoder = colours_and_edges) -> Self:  # Any: see _pixels
        """`train` and `holdout` are ImageSets or uint8 [N,H,W,C]. Raises ValueError for fewer than two images."""
        pixels, unseen = _pixels(train), None if holdout is None else _pixels(holdout)
        if len(pixels) < 2:
            raise ValueError("copies can only be told from at least two source images")
        sources = encoder(pixels)
        held = unseen is not None and len(unseen) > 0 and len(pixels) >= SMALL
        if held and unseen is not None:
            distances, calibration = _nearest(encoder, unseen, sources)[0], "holdout"
        else:
            distances, calibration = _nearest(encoder, pixels, sources, skip_self=True)[0], "leave-one-out"
        threshold = max(float(np.quantile(distances, QUANTILE)), NOTHING)
        return cls(sources, threshold, calibration, encoder)

    def distance(self, pixels: Pixels) -> tuple[Floats, Indices]:
        """uint8 [n,H,W,C] -> distance [n] to the nearest source image and its index [n]."""
        return _nearest(self.encoder, pixels, self.sources)

    def is_copy(self, distances: Floats) -> npt.NDArray[np.bool_]:
        return distances < self.threshold if self.threshold > NOTHING else distances <= self.threshold


def _pixels(images: Any) -> Pixels:  # Any: an ImageSet or an array; either gives pixels
    return np.asarray(getattr(images, "pixels", images), dtype=np.uint8)


def _nearest(encoder: Encoder, pixels: Pixels, sources: Floats, skip_self: bool = False) -> tuple[Floats, Indices]:
    if len(pixels) == 0:
        return np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64)
    norms = np.square(sources).sum(axis=1)
    starts = range(0, len(pixels), ROWS_AT_A_TIME)
    blocks = [_nearest_of_block(encoder, pixels, sources, norms, start, skip_self) for start in starts]
    return np.concatenate([d for d, _ in blocks]), np.concatenate([i for _, i in blocks])


def _nearest_of_block(
    encoder: Encoder, pixels: Pixels, sources: Floats, norms: Floats, start: int, skip_self: bool
) -> tuple[Floats, Indices]:
    block = pixels[start : start + ROWS_AT_A_TIME]
    own = np.arange(start, start + len(block)) if skip_self else None
    upright = _nearest_rows(encoder(block), sources, norms, own)
    mirrored = _nearest_rows(encoder(block[:, :, ::-1]), sources, norms, own)
    closer = mirrored[0] < upright[0]
    return np.where(closer, mirrored[0], upright[0]), np.where(closer, mirrored[1], upright[1])


def _nearest_rows(features: Floats, sources: Floats, norms: Floats, own: Indices | None) -> tuple[Floats, Indices]:
    squares = _squares(features, sources, norms)
    if own is not None:
        squares[np.arange(len(features)), own] = np.inf
    index = squares.argmin(axis=1).astype(np.int64)
    # The product form is quick to search but leaves an exact copy off zero, so the winner is measured again.
    return np.linalg.norm(features - sources[index], axis=1).astype(np.float32), index


def _squares(features: Floats, sources: Floats, norms: Floats) -> Floats:
    """Squared distances [n,N] by |a|^2 - 2ab + |b|^2."""
    products = features @ sources.T
    products *= -2
    products += norms
    products += np.square(features).sum(axis=1, keepdims=True)
    return products
