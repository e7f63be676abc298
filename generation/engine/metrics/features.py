from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Turns images uint8 [N,H,W,C] into rows float32 [N,F] in which nearness means likeness."""

    def __call__(self, pixels: Pixels) -> Floats: ...
