"""Does augmentation of what the discriminator sees leak into the samples (Karras et al., 2020, section 2.2)?

Upright squares of one hue, augmentation at its strongest all the time; beside it the same run without augmentation,
whose squares may be badly drawn too, but for other reasons.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from PIL import Image

from benchmarks.bars import Bar
from generation.engine.config import RecipeRequest, resolve
from generation.engine.data import ImageSet
from generation.engine.pictures import Pixels
from generation.engine.trainer import Trainer
from generation.engine.validation import preview_inputs

SIDE, COUNT = 32, 1000
HUE = 0.6
MOST_TURNED, MOST_OFF_HUE = 5.0, 15.0
STRONGEST = 0.8
KIMG, FULL_KIMG = 40.0, 200.0


def bars(*, full: bool) -> Iterator[Bar]:
    kimg = FULL_KIMG if full else KIMG
    rates = {p: 100 * leaked(drawn_with(p, kimg)) for p in (STRONGEST, 0.0)}
    detail = f"{rates[0.0]:.1f} % without augmentation, {kimg:g} kimg each"
    yield Bar(
        "squares turned or off hue with augmentation at its strongest", rates[STRONGEST], 1.0, " %", detail=detail
    )


def drawn_with(p: float, kimg: float) -> Pixels:
    """The samples of a run with augmentation at `p` throughout."""
    images = ImageSet(squares(), None, (), tuple(map(str, range(COUNT))))
    recipe = resolve(RecipeRequest("quick", SIDE, kimg=kimg), images=COUNT, channels=3)
    fixed = replace(recipe, augment_start=p, augment_limit=p, augment_kimg=1e9)
    trainer = Trainer(images, fixed, torch.device("cpu"))
    while not trainer.finished:
        trainer.step()
    return np.concatenate([trainer.samples(part, None) for part in preview_inputs(recipe, COUNT)[0].split(100)])


def squares(angle: float = 0.0, hue: float = HUE, count: int = COUNT) -> Pixels:
    """Squares of one hue on grey, upright or turned by `angle` degrees; place and brightness vary."""
    random = np.random.default_rng(0)
    return np.stack([square(random, angle, hue) for _ in range(count)])


def square(random: np.random.Generator, angle: float, hue: float) -> np.ndarray:
    scale, grey = 8, int(random.integers(90, 200))
    colour = tuple(round(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.9, random.uniform(0.5, 0.9)))
    large = Image.new("RGB", (SIDE * scale, SIDE * scale), (grey, grey, grey))
    side = 14 * scale
    patch = Image.new("RGBA", (side, side), (*colour, 255)).rotate(angle, Image.Resampling.BICUBIC, expand=True)
    left, top = (int(random.integers(2 * scale, SIDE * scale - patch.width - 2 * scale)) for _ in range(2))
    large.paste(patch, (left, top), patch)
    return np.asarray(large.resize((SIDE, SIDE), Image.Resampling.BOX))


def degrees_turned(pixels: Pixels) -> np.ndarray:
    """By which angle up to 45 the edges of each image are turned: the mean direction of its steps, modulo a quarter.

    Steps of each channel, because a square as bright as its ground has none in grey.
    """
    down, right = np.gradient(pixels.astype(float), axis=(1, 2))
    fourfold = (np.hypot(down, right) ** 2 * np.exp(4j * np.arctan2(down, right))).sum(axis=(1, 2, 3))
    return np.abs(np.degrees(np.angle(fourfold))) / 4


def degrees_off_hue(pixels: Pixels) -> np.ndarray:
    """How far the mean colour of what is not grey lies from HUE on the circle."""
    parts = pixels.astype(float) / 255
    coloured = np.ptp(parts, axis=3) > 0.25
    weights = coloured / np.maximum(1, coloured.sum(axis=(1, 2), keepdims=True))
    means = (parts * weights[..., None]).sum(axis=(1, 2))
    hues = np.array([colorsys.rgb_to_hsv(*mean)[0] for mean in means])
    return 360 * np.abs((hues - HUE + 0.5) % 1 - 0.5)


def leaked(pixels: Pixels) -> float:
    return float(((degrees_turned(pixels) > MOST_TURNED) | (degrees_off_hue(pixels) > MOST_OFF_HUE)).mean())
