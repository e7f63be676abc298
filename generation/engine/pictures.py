from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

Pixels = npt.NDArray[np.uint8]

WHITE = (255, 255, 255, 255)


def prepare(image: Image.Image, resolution: int, fit: str = "crop", channels: int = 3) -> Pixels:
    """Any Pillow image -> uint8 [resolution,resolution,channels], upright, on white where it was transparent.

    `fit` is "crop" (the middle square) or "pad" (the whole image, framed in the colour of its own border).
    Raises OSError where the image cannot be decoded and ValueError where a side is 0.
    """
    upright = ImageOps.exif_transpose(image)
    flat = _flatten(upright).convert("L" if channels == 1 else "RGB")
    resized = _padded(flat, resolution) if fit == "pad" else _cropped(flat, resolution)
    return np.asarray(resized, dtype=np.uint8).reshape(resolution, resolution, channels)


def _flatten(image: Image.Image) -> Image.Image:
    """-> mode L or RGB."""
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bit(image)
    if image.mode == "1":
        return image.convert("L")
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        layered = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, WHITE), layered).convert("RGB")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and floating point greys; floats may run to 1 or to 255, other ranges are stretched."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    low, high = float(values.min()), float(values.max())
    if image.mode.startswith("I") and low >= 0 and high < 65536:
        values = values / 257 if image.mode != "I" or high > 255 else values
    elif image.mode == "F" and low >= 0 and high <= 255:
        values = values * 255 if high <= 1 else values
    else:
        values = (values - low) * 255 / max(high - low, 1e-12)
    return Image.fromarray(values.round().astype(np.uint8))


def _cropped(image: Image.Image, side: int) -> Image.Image:
    width, height = image.size
    square = min(width, height)
    left, top = (width - square) / 2, (height - square) / 2
    return _resized(image, (side, side), (left, top, left + square, top + square))


def _padded(image: Image.Image, side: int) -> Image.Image:
    width, height = image.size
    scale = side / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    frame = Image.new(image.mode, (side, side), _border_colour(image))
    frame.paste(_resized(image, size, (0, 0, width, height)), ((side - size[0]) // 2, (side - size[1]) // 2))
    return frame


def _resized(image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float]) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _border_colour(image: Image.Image) -> tuple[int, ...]:
    pixels = np.asarray(image).reshape(image.height, image.width, -1)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return tuple(int(value) for value in np.median(border, axis=0))
