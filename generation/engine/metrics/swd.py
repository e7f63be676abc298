"""Sliced Wasserstein distance between sets of images, as Karras et al. (2018) define it in "Progressive growing of
GANs", appendix C.3: patches of a Laplacian pyramid, projected on random directions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

MAX_IMAGES = 16_384
COARSEST = 16
PATCH = 7
PATCHES_PER_IMAGE = 128
REPEATS = 4
DIRECTIONS = 128
IMAGES_AT_A_TIME = 256
DIRECTIONS_AT_A_TIME = 16


def swd(real: Pixels, fake: Pixels, *, seed: int = 0) -> dict[str, float]:
    """Distance times 1,000 at each pyramid level ("64", "32", "16") and their mean ("avg"); less is closer.

    Both are uint8 [N,H,W,C]; the larger set is cut to the size of the smaller by a random choice, and both to
    16,384. Only figures at equal N and resolution can be compared. Raises ValueError where shapes differ, sides
    are under 7 px or a set is empty.
    """
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(f"images of one size are needed, not {real.shape[1:]} and {fake.shape[1:]}")
    count = min(len(real), len(fake), MAX_IMAGES)
    if count == 0 or min(real.shape[1:3]) < PATCH:
        raise ValueError("at least one image of 7 px on either side is needed")
    random = np.random.default_rng(seed)
    sets = [subsample(images, count, random) for images in (real, fake)]
    levels = {}
    for depth, side in enumerate(level_sides(real.shape[1])):
        descriptors = [_descriptors(images, depth, random) for images in sets]
        levels[str(side)] = 1000 * _distance(descriptors[0], descriptors[1], random)
    return levels | {"avg": sum(levels.values()) / len(levels)}


def swd_floor(real: Pixels, *, seed: int = 0) -> dict[str, float]:
    """What two random halves of the real images score against each other: `swd` of them, and "n" per half.

    A set of generated images is judged by its distance minus the floor at the same n.
    """
    if len(real) < 2:
        raise ValueError("a floor needs at least two images")
    order = np.random.default_rng(seed).permutation(len(real))
    half = len(real) // 2
    return swd(real[order[:half]], real[order[half : 2 * half]], seed=seed) | {"n": float(half)}


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


def subsample(images: Pixels, count: int, random: np.random.Generator) -> Pixels:
    """`count` of the images at random, in their order: equal steps would meet the same classes again and again."""
    return images if len(images) == count else images[np.sort(random.permutation(len(images))[:count])]


def _descriptors(images: Pixels, depth: int, random: np.random.Generator) -> Floats:
    """[N,H,W,C] -> normalised patches [N*128, 7*7*C] of one level."""
    last = depth == len(level_sides(images.shape[1])) - 1
    parts = [
        _patches(laplacian_level(images[first : first + IMAGES_AT_A_TIME].astype(np.float32), depth, last), random)
        for first in range(0, len(images), IMAGES_AT_A_TIME)
    ]
    patches = np.concatenate(parts)  # [N*128,7,7,C]
    patches -= patches.mean(axis=(0, 1, 2), dtype=np.float64).astype(np.float32)
    deviation = np.sqrt(np.square(patches).mean(axis=(0, 1, 2), dtype=np.float64)).astype(np.float32)
    patches /= np.maximum(deviation, 1e-8)
    return patches.reshape(len(patches), -1)


def _patches(level: Floats, random: np.random.Generator) -> Floats:
    count, height, width, _ = level.shape
    top = random.integers(0, height - PATCH + 1, (count, PATCHES_PER_IMAGE))
    left = random.integers(0, width - PATCH + 1, (count, PATCHES_PER_IMAGE))
    windows = np.lib.stride_tricks.sliding_window_view(level, (PATCH, PATCH), axis=(1, 2))  # [N,y,x,C,7,7]
    chosen = windows[np.arange(count)[:, None], top, left]  # [N,128,C,7,7]
    return np.ascontiguousarray(chosen.reshape(-1, *chosen.shape[2:]).transpose(0, 2, 3, 1))


def _distance(real: Floats, fake: Floats, random: np.random.Generator) -> float:
    """Mean over 4 times 128 directions of the one-dimensional Wasserstein distance, by sorted projections."""
    buffers = [np.empty((DIRECTIONS_AT_A_TIME, len(real)), dtype=np.float32) for _ in range(2)]
    total = 0.0
    rounds = REPEATS * DIRECTIONS // DIRECTIONS_AT_A_TIME
    for _ in range(rounds):
        directions = random.standard_normal((DIRECTIONS_AT_A_TIME, real.shape[1]), dtype=np.float32)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        for buffer, descriptors in zip(buffers, (real, fake), strict=True):
            np.matmul(directions, descriptors.T, out=buffer)
            buffer.sort(axis=1)
        np.subtract(buffers[0], buffers[1], out=buffers[0])
        total += float(np.abs(buffers[0], out=buffers[0]).mean(dtype=np.float64))
    return total / rounds


_KERNEL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def _blur(images: Floats) -> Floats:
    for axis in (1, 2):
        pad = [(0, 0)] * 4
        pad[axis] = (2, 2)
        padded = np.pad(images, pad, mode="reflect")
        length = images.shape[axis]
        parts = (weight * padded.take(range(k, k + length), axis=axis) for k, weight in enumerate(_KERNEL))
        images = sum(parts, start=np.zeros((), dtype=np.float32)).astype(np.float32, copy=False)
    return images


def _shrink(images: Floats) -> Floats:
    return np.ascontiguousarray(_blur(images)[:, ::2, ::2])


def _grow(images: Floats, height: int, width: int) -> Floats:
    spread = np.zeros((len(images), height, width, images.shape[3]), dtype=np.float32)
    spread[:, ::2, ::2] = images
    return _blur(spread) * 4
