import math

import numpy as np

from generation.engine.pictures import Pixels, on_checkerboard
from generation.engine.png import encode_png

GAP = 2
MIN_TILE = 56


def grid(images: Pixels) -> Pixels:
    """uint8 [N,H,W,C] -> one picture of a square grid on white; small images are shown larger."""
    side = math.isqrt(len(images) - 1) + 1
    images = on_checkerboard(images)
    tiles = images.repeat(factor := -(-MIN_TILE // images.shape[1]), axis=1).repeat(factor, axis=2)
    step, channels = tiles.shape[1] + GAP, tiles.shape[3]
    rows = -(-len(images) // side)
    sheet = np.full((rows * step - GAP, side * step - GAP, channels), 255, dtype=np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // side * step, number % side * step
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return sheet


def contact_sheet(real: Pixels, fake: Pixels) -> bytes:
    """Source images on the left, generated ones on the right, as a PNG."""
    left, right = grid(real), grid(fake)
    height, gap = max(left.shape[0], right.shape[0]), 8 * GAP
    sheet = np.full((height, left.shape[1] + gap + right.shape[1], left.shape[2]), 255, dtype=np.uint8)
    sheet[: left.shape[0], : left.shape[1]] = left
    sheet[: right.shape[0], left.shape[1] + gap :] = right
    return encode_png(sheet)


def preview(images: Pixels) -> bytes:
    return encode_png(grid(images))
