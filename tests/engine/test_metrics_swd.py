"""The sliced Wasserstein distance against a second implementation, written from the paper's words alone."""

import numpy as np
import pytest

from generation.engine.metrics.swd import swd, swd_of_each


def plain_blur(image, gain=1):
    """One channel [H,W], by the outer product of 1, 4, 6, 4, 1, mirrored at the border."""
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256 * gain
    wide = np.pad(image, 2, mode="reflect")
    height, width = image.shape
    return sum(kernel[y, x] * wide[y : y + height, x : x + width] for y in range(5) for x in range(5))


def plain_level(image, depth, last):
    for _ in range(depth):
        image = plain_blur(image)[::2, ::2]
    if last:
        return image
    spread = np.zeros_like(image)
    spread[::2, ::2] = plain_blur(image)[::2, ::2]
    return image - plain_blur(spread, gain=4)


def plain_descriptors(images, depth, last, random):
    """128 patches of 7 by 7 of each image, each channel of mean 0 and deviation 1 over all of them: [N*128,7,7,C]"""
    levels = [
        np.stack([plain_level(image[..., c].astype(float), depth, last) for c in range(3)], axis=2) for image in images
    ]
    side = levels[0].shape[0]
    tops, lefts = (random.integers(0, side - 6, (len(images), 128)) for _ in range(2))
    places = [(n, y, x) for n in range(len(images)) for y, x in zip(tops[n], lefts[n], strict=True)]
    patches = np.stack([levels[n][y : y + 7, x : x + 7] for n, y, x in places])
    return (patches - patches.mean(axis=(0, 1, 2))) / patches.std(axis=(0, 1, 2))


def plain_swd(real, fake, seed):
    random, found = np.random.default_rng(seed), {}
    for depth, side in enumerate((32, 16)):
        sets = [plain_descriptors(images, depth, side == 16, random).reshape(-1, 147) for images in (real, fake)]
        distances = []
        for _ in range(512 // 16):
            directions = random.standard_normal((16, 147), dtype=np.float32).astype(float)
            for direction in directions / np.linalg.norm(directions, axis=1, keepdims=True):
                ours, theirs = (np.sort(rows @ direction) for rows in sets)
                distances.append(np.abs(ours - theirs).mean())
        found[str(side)] = 1000 * np.mean(distances)
    return found | {"avg": np.mean(list(found.values()))}


def test_swd_agrees_with_a_plain_implementation(shapes):
    real, fake = shapes.pixels[:6], 255 - shapes.pixels[6:12]
    expected = plain_swd(real, fake, seed=4)
    assert swd(real, fake, seed=4) == pytest.approx(expected, rel=1e-4)


def test_several_sets_at_once_score_as_each_alone(shapes):
    real, fake, others = shapes.pixels[:20], shapes.pixels[20:40], shapes.pixels[40:60]
    assert swd_of_each(real, [fake, others]) == [swd(real, fake), swd(real, others)]


def test_transparent_images_are_compared_as_they_look_on_white(shapes):
    alpha = np.zeros_like(shapes.pixels[:20, ..., :1])
    alpha[:, 8:24] = 255
    clear = np.concatenate([shapes.pixels[:20], alpha], axis=3)
    on_white = np.where(alpha == 255, shapes.pixels[:20], 255).astype(np.uint8)
    assert swd(shapes.pixels[20:40], clear) == swd(shapes.pixels[20:40], on_white)
