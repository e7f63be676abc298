from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from generation.engine.pictures import Pixels

GROWN, STAGES = 6, 10


def contact_sheet(pixels: Pixels, columns: int | None = None) -> Image.Image:
    """uint8 [N,H,W,C] -> one picture, row by row, unused places white."""
    count, height, width, channels = pixels.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.full((rows * columns, height, width, channels), 255, dtype=np.uint8)
    sheet[:count] = pixels
    sheet = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)  # [r,c,H,W,C] -> [r,H,c,W,C]
    sheet = sheet.reshape(rows * height, columns * width, channels)
    return Image.fromarray(sheet[..., 0] if channels == 1 else sheet)


def save_sheet(pixels: Pixels, path: Path, columns: int | None = None) -> None:
    contact_sheet(pixels, columns).save(path)


def growth(sheets: Sequence[Path], side: int) -> Image.Image:
    """The first row of square sheets, turned into columns that follow each other in time, evenly picked."""
    picked = [sheets[round(n * (len(sheets) - 1) / (STAGES - 1))] for n in range(STAGES)]
    columns = [_first_row(path, side) for path in dict.fromkeys(picked)]
    grown = Image.new(columns[0][0].mode, (side * len(columns), side * len(columns[0])))
    for x, images in enumerate(columns):
        for y, image in enumerate(images):
            grown.paste(image, (x * side, y * side))
    return grown


def _first_row(path: Path, side: int) -> list[Image.Image]:
    with Image.open(path) as sheet:
        count = min(GROWN, sheet.width // side)
        return [sheet.crop((n * side, 0, (n + 1) * side, side)) for n in range(count)]
