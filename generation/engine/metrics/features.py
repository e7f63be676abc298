from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Turns images uint8 [N,H,W,C] into rows float32 [N,F] in which nearness means likeness."""

    def __call__(self, pixels: Pixels) -> Floats: ...


def flattened(pixels: Pixels) -> Pixels:
    """uint8 [N,H,W,C] -> RGBA laid on white, [N,H,W,3]; others as they are. What is compared is what is seen."""
    if pixels.shape[3] != 4:
        return pixels
    colour, alpha = pixels[..., :3].astype(np.uint16), pixels[..., 3:].astype(np.uint16)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
