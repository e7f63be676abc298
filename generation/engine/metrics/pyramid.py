"""Laplacian pyramids (Burt and Adelson, 1983): what an image keeps at each size."""

from __future__ import annotations

import numpy as np

from generation.engine.metrics.features import Floats

COARSEST = 16
_KERNEL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def level_sides(side: int) -> list[int]:
    """Pyramid levels from full size down to 16 px, and at least the first."""
    sides = [side]
    while sides[-1] // 2 >= COARSEST:
        sides.append(sides[-1] // 2)
    return sides


def laplacian_level(images: Floats, depth: int, last: bool) -> Floats:
    """[N,H,W,C] -> what a Laplacian pyramid keeps at `depth`, [N,H/2^depth,W/2^depth,C]; `last` is the low-pass."""
    for _ in range(depth):
        images = _shrink(images)
    return images if last else images - _grow(_shrink(images), images.shape[1], images.shape[2])


def _blur(images: Floats) -> Floats:
    """[N,H,W,C], mirrored at the border."""
    for axis in (1, 2):
        length = images.shape[axis]
        padded = np.pad(images, [(2, 2) if n == axis else (0, 0) for n in range(4)], mode="reflect")
        whole = [slice(None)] * axis
        blurred = np.empty_like(images)
        part = np.empty_like(images)
        np.multiply(padded[(*whole, slice(0, length))], _KERNEL[0], out=blurred)
        for k, weight in enumerate(_KERNEL[1:], start=1):
            blurred += np.multiply(padded[(*whole, slice(k, k + length))], weight, out=part)
        images = blurred
    return images


def _shrink(images: Floats) -> Floats:
    return np.ascontiguousarray(_blur(images)[:, ::2, ::2])


def _grow(images: Floats, height: int, width: int) -> Floats:
    spread = np.zeros((len(images), height, width, images.shape[3]), dtype=np.float32)
    spread[:, ::2, ::2] = images
    return _blur(spread) * 4
