"""Copies as generators make them, planted: source images moved, mirrored, recoloured, saved again or blended."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from generation.engine.metrics.features import Pixels

SHIFT = 2  # pixels
ZOOM = 1.05
HUE = 13  # 5 % of 256, around the circle
QUALITY = 70
SHARE = 0.8

Change = Callable[[Pixels], Pixels]


def shifted(pixels: Pixels) -> Pixels:
    """Two pixels left and two down, the rim repeated."""
    padded = np.pad(pixels, ((0, 0), (SHIFT, 0), (0, SHIFT), (0, 0)), mode="edge")
    return padded[:, : pixels.shape[1], SHIFT:]


def zoomed(pixels: Pixels) -> Pixels:
    side = pixels.shape[1]
    inside = (side - side / ZOOM) / 2
    box = (inside, inside, side - inside, side - inside)
    return _each(pixels, lambda picture: picture.resize((side, side), Image.Resampling.BICUBIC, box=box))


def flipped(pixels: Pixels) -> Pixels:
    return pixels[:, :, ::-1].copy()


def recoloured(pixels: Pixels) -> Pixels:
    """Greys have no hue to turn: they stay as they are."""
    return pixels if pixels.shape[3] == 1 else _each(pixels, _turned)


def saved_again(pixels: Pixels) -> Pixels:
    return _each(pixels, _through_jpeg)


def blended(pixels: Pixels, others: Pixels) -> Pixels:
    return (SHARE * pixels + (1 - SHARE) * others).round().astype(np.uint8)


CHANGES: dict[str, Change] = {
    "shift 2 px": shifted,
    "zoom 5 %": zoomed,
    "flip": flipped,
    "hue 5 %": recoloured,
    "JPEG 70": saved_again,
}


def _each(pixels: Pixels, change: Callable[[Image.Image], Image.Image]) -> Pixels:
    pictures = (Image.fromarray(image if image.shape[2] > 1 else image[..., 0]) for image in pixels)
    return np.stack([np.asarray(change(picture)) for picture in pictures]).reshape(pixels.shape)


def _turned(picture: Image.Image) -> Image.Image:
    turned = np.array(picture.convert("HSV"))
    turned[..., 0] += HUE  # wraps at 256
    return Image.fromarray(turned, "HSV").convert("RGB")


def _through_jpeg(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    return Image.open(buffer)
