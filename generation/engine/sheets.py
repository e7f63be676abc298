from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image

from generation.engine.pictures import Pixels


def contact_sheet(pixels: Pixels, columns: int | None = None) -> Image.Image:
    """uint8 [N,H,W,C] -> one picture, row by row, unused places white."""
    count, height, width, channels = pixels.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.full((rows * columns, height, width, channels), 255, dtype=np.uint8)
    sheet[:count] = pixels
    sheet = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)  # [r,c,H,W,C] -> [r,H,c,W,C]
    sheet = sheet.reshape(rows * height, columns * width, channels)
    return Image.fromarray(sheet if channels == 3 else sheet[..., 0])


def save_sheet(pixels: Pixels, path: Path, columns: int | None = None) -> None:
    contact_sheet(pixels, columns).save(path)
