"""Sliced Wasserstein distance between sets of images, as Karras et al. (2018) define it in "Progressive growing of
GANs", appendix C.3: patches of a Laplacian pyramid, projected on random directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from generation.engine.metrics.features import Floats, Pixels, flattened
from generation.engine.metrics.pyramid import laplacian_level, level_sides

Numbers = npt.NDArray[Any]  # Any: pixels or floats
Made = TypeVar("Made", bound=Numbers)

MAX_IMAGES = 16_384
PATCH = 7
PATCHES_PER_IMAGE = 128
REPEATS = 4
DIRECTIONS = 128
IMAGES_AT_A_TIME = 256
ROWS_AT_A_TIME = 4096
DIRECTIONS_AT_A_TIME = 16


def swd(real: Pixels, fake: Pixels, *, seed: int = 0) -> dict[str, float]:
    """Distance times 1,000 at each pyramid level ("64", "32", "16") and their mean ("avg"); less is closer.

    Both are uint8 [N,H,W,C], RGBA laid on white; the larger set is cut to the size of the smaller by a random choice,
    and both to 16,384. Only figures at equal N and resolution can be compared. Raises ValueError where shapes differ,
    sides are under 7 px or a set is empty.
    """
    return swd_of_each(real, [fake], seed=seed)[0]


def swd_of_each(real: Pixels, sets: list[Pixels], *, seed: int = 0) -> list[dict[str, float]]:
    """`swd` of each of `sets`, for little more than the time of one: all are of one size."""
    real, sets = flattened(real), [flattened(one) for one in sets]
    for one in sets:
        if real.shape[1:] != one.shape[1:]:
            raise ValueError(f"images of one size are needed, not {real.shape[1:]} and {one.shape[1:]}")
    count = min(len(real), MAX_IMAGES, *(len(one) for one in sets))
    if count == 0 or min(real.shape[1:3]) < PATCH:
        raise ValueError("at least one image of 7 px on either side is needed")
    random = np.random.default_rng(seed)
    ours, theirs = _each_alike(random, real, sets, lambda images, draws: subsample(images, count, draws))
    sides = level_sides(real.shape[1])
    levels = [_level(depth, ours, theirs, random) for depth in range(len(sides))]
    names = [str(side) for side in sides]
    return [
        dict(zip(names, found, strict=True)) | {"avg": float(np.mean(found))} for found in zip(*levels, strict=True)
    ]


def _level(depth: int, real: Pixels, sets: list[Pixels], random: np.random.Generator) -> list[float]:
    ours, theirs = _each_alike(random, real, sets, lambda images, draws: _descriptors(images, depth, draws))
    return [1000 * distance for distance in _distances(ours, theirs, random)]


def _each_alike(
    random: np.random.Generator,
    real: Numbers,
    sets: list[Numbers],
    make: Callable[[Numbers, np.random.Generator], Made],
) -> tuple[Made, list[Made]]:
    """Draws for the real images, then for each of the others what would be drawn if they were alone."""
    ours, before = make(real, random), random.bit_generator.state
    theirs = []
    for one in sets:
        random.bit_generator.state = before
        theirs.append(make(one, random))
    return ours, theirs


def swd_floor(real: Pixels, *, seed: int = 0) -> dict[str, float]:
    """What two random halves of the real images score against each other: `swd` of them, and "n" per half.

    A set of generated images is judged by its distance minus the floor at the same n.
    """
    if len(real) < 2:
        raise ValueError("a floor needs at least two images")
    order = np.random.default_rng(seed).permutation(len(real))
    half = len(real) // 2
    return swd(real[order[:half]], real[order[half : 2 * half]], seed=seed) | {"n": float(half)}


def subsample(images: Pixels, count: int, random: np.random.Generator) -> Pixels:
    """`count` of the images at random, in their order: equal steps would meet the same classes again and again."""
    return images if len(images) == count else images[np.sort(random.permutation(len(images))[:count])]


def _descriptors(images: Pixels, depth: int, random: np.random.Generator) -> Floats:
    """[N,H,W,C] -> normalised patches [N*128, 7*7*C] of one level."""
    last, channels = depth == len(level_sides(images.shape[1])) - 1, images.shape[3]
    patches = np.empty((len(images) * PATCHES_PER_IMAGE, PATCH * PATCH * channels), dtype=np.float32)
    for first in range(0, len(images), IMAGES_AT_A_TIME):
        block = images[first : first + IMAGES_AT_A_TIME].astype(np.float32)
        rows = patches[first * PATCHES_PER_IMAGE :][: len(block) * PATCHES_PER_IMAGE]
        rows[:] = _patches(laplacian_level(block, depth, last), random).reshape(len(rows), -1)
    mean, deviation = _by_channel(patches, channels)
    patches -= np.tile(mean, PATCH * PATCH)
    patches /= np.tile(np.maximum(deviation, 1e-8), PATCH * PATCH)
    return patches


def _by_channel(patches: Floats, channels: int) -> tuple[Floats, Floats]:
    """Mean and deviation of each channel, from sums of few rows at a time: long sums of float32 lose digits."""
    blocks = range(0, len(patches), ROWS_AT_A_TIME)
    sums = sum((patches[n : n + ROWS_AT_A_TIME].sum(axis=0).astype(np.float64) for n in blocks), np.zeros(1))
    mean = sums.reshape(-1, channels).mean(axis=0) / len(patches)
    wide = np.tile(mean, PATCH * PATCH).astype(np.float32)
    squares = np.zeros(patches.shape[1])
    for n in blocks:
        apart = patches[n : n + ROWS_AT_A_TIME] - wide
        squares += np.einsum("ij,ij->j", apart, apart)
    deviation = np.sqrt(squares.reshape(-1, channels).mean(axis=0) / len(patches))
    return mean.astype(np.float32), deviation.astype(np.float32)


def _patches(level: Floats, random: np.random.Generator) -> Floats:
    count, height, width, _ = level.shape
    top = random.integers(0, height - PATCH + 1, (count, PATCHES_PER_IMAGE))
    left = random.integers(0, width - PATCH + 1, (count, PATCHES_PER_IMAGE))
    windows = np.lib.stride_tricks.sliding_window_view(level, (PATCH, PATCH), axis=(1, 2))  # [N,y,x,C,7,7]
    chosen = windows[np.arange(count)[:, None], top, left]  # [N,128,C,7,7]
    return chosen.reshape(-1, *chosen.shape[2:]).transpose(0, 2, 3, 1)


def _distances(real: Floats, sets: list[Floats], random: np.random.Generator) -> list[float]:
    """Mean over 4 times 128 directions of the one-dimensional Wasserstein distance, by sorted projections."""
    buffers = [np.empty((DIRECTIONS_AT_A_TIME, len(real)), dtype=np.float32) for _ in (real, *sets)]
    totals = [0.0 for _ in sets]
    rounds = REPEATS * DIRECTIONS // DIRECTIONS_AT_A_TIME
    for _ in range(rounds):
        directions = random.standard_normal((DIRECTIONS_AT_A_TIME, real.shape[1]), dtype=np.float32)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        for buffer, descriptors in zip(buffers, (real, *sets), strict=True):
            np.matmul(directions, descriptors.T, out=buffer)
            buffer.sort(axis=1)
        for n, buffer in enumerate(buffers[1:]):
            np.subtract(buffer, buffers[0], out=buffer)
            totals[n] += float(np.abs(buffer, out=buffer).mean(dtype=np.float64))
    return [total / rounds for total in totals]
