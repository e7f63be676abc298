from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SIDE = 16
EDGE_WEIGHT = 2.0


class Encoder(Protocol):
    """Turns images uint8 [N,H,W,C] into rows float32 [N,F] in which nearness means likeness."""

    def __call__(self, pixels: Pixels) -> Floats: ...


def colours_and_edges(pixels: Pixels) -> Floats:
    """uint8 [N,H,W,C] -> float32 [N,F]: the image at 16 px in [0, 1], and its steps from pixel to pixel."""
    small = np.stack([_small(image) for image in pixels]).astype(np.float32) / 255  # [N,16,16,C]
    across = EDGE_WEIGHT * np.diff(small, axis=2)
    down = EDGE_WEIGHT * np.diff(small, axis=1)
    return np.concatenate([part.reshape(len(small), -1) for part in (small, across, down)], axis=1)


def _small(image: Pixels) -> Pixels:
    picture = Image.fromarray(image if image.shape[2] == 3 else image[..., 0])
    resized = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(resized).reshape(SIDE, SIDE, -1)
