from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from generation.engine import training, validation
from generation.engine.config import Recipe, RecipeRequest, resolve
from generation.engine.data import ImageSet
from generation.engine.drawn import SHAPES, draw_shapes
from generation.engine.pictures import Pixels


@pytest.fixture(scope="session")
def shapes() -> ImageSet:
    drawn = draw_shapes(240, size=32)
    labels = np.array([SHAPES.index(label) for label, _ in drawn])
    pixels = np.stack([np.asarray(image) for _, image in drawn])
    return ImageSet(pixels, labels, SHAPES, tuple(f"{n}.png" for n in range(len(drawn))))


@pytest.fixture
def tiny() -> Callable[..., Recipe]:
    """A recipe of a few thousand parameters; keywords change its fields."""

    def build(request: RecipeRequest | None = None, channels: int = 3, **changes: object) -> Recipe:
        request = request or RecipeRequest("quick", 32, kimg=0.16)
        recipe = resolve(request, images=240, channels=channels, classes=SHAPES)
        widths = tuple(8 for _ in recipe.widths)
        return replace(recipe, **{"widths": widths, "latent_dim": 8, "batch": 16, **changes})  # type: ignore[arg-type]

    return build


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training reports after each step, and compares few images."""
    monkeypatch.setattr(training, "TICK_SECONDS", 0.0)
    monkeypatch.setattr(validation, "MOST_COMPARED", 24)


@pytest.fixture
def noise() -> Callable[..., Pixels]:
    def draw(count: int, side: int = 32, channels: int = 3, seed: int = 0) -> Pixels:
        return np.random.default_rng(seed).integers(0, 256, (count, side, side, channels), dtype=np.uint8)

    return draw
