from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageOps
from torch import Tensor

Pixels = npt.NDArray[np.uint8]

WHITE = (255, 255, 255, 255)


def prepare(image: Image.Image, resolution: int, fit: str = "crop", channels: int = 3) -> Pixels:
    """Any Pillow image -> uint8 [resolution,resolution,channels], upright, on white where it was transparent.

    With 4 channels it keeps its transparency, as straight alpha; what cannot be seen at all is black.
    `fit` is "crop" (the middle square) or "pad" (the whole image, framed in the colour of its own border).
    Raises OSError where the image cannot be decoded and ValueError where a side is 0.
    """
    upright = ImageOps.exif_transpose(image)
    ready = _layered(upright) if channels == 4 else _flatten(upright).convert("L" if channels == 1 else "RGB")
    resized = _padded(ready, resolution) if fit == "pad" else _cropped(ready, resolution)
    pixels = np.array(resized, dtype=np.uint8).reshape(resolution, resolution, channels)
    if channels == 4:
        pixels[pixels[..., 3] == 0] = 0
    return pixels


def to_tensor(pixels: Pixels | Tensor) -> Tensor:
    """uint8 [N,H,W,C], C 1, 3 or 4 -> float32 [N,C,H,W] in [-1, 1], on the same device, stored channels last.

    Of four channels the colours come premultiplied with alpha, so that what cannot be seen has one value only.
    """
    images = torch.as_tensor(pixels).permute(0, 3, 1, 2).float()
    if images.shape[1] == 4:
        images[:, :3] *= images[:, 3:] / 255
    return images.div_(127.5).sub_(1)


def to_pixels(images: Tensor) -> Pixels:
    """Float [N,C,H,W] in [-1, 1] -> uint8 [N,H,W,C]: undoes `to_tensor`, to straight alpha where there are four."""
    scaled = images.float().add(1).mul(127.5).clamp(0, 255)
    if scaled.shape[1] == 4:
        alpha = scaled[:, 3:].round()
        colour = torch.where(alpha > 0, scaled[:, :3] * 255 / alpha, 0.0)
        scaled = torch.cat([colour.clamp(max=255), alpha], dim=1)
    return np.ascontiguousarray(scaled.round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy())


def on_checkerboard(pixels: Pixels) -> Pixels:
    """uint8 [N,H,W,4] -> [N,H,W,3], in front of what shows people transparency; other channels stay as they are."""
    if pixels.shape[3] != 4:
        return pixels
    side = pixels.shape[1]
    board = np.indices((side, side)) // max(1, side // 8)
    ground = np.where(board.sum(axis=0) % 2, 255, 224)[:, :, None]  # [H,W,1]
    alpha = pixels[..., 3:].astype(np.uint32)
    return ((pixels[..., :3] * alpha + ground * (255 - alpha) + 127) // 255).astype(np.uint8)


def _layered(image: Image.Image) -> Image.Image:
    """-> mode RGBA, which Pillow premultiplies while it resizes."""
    return (_eight_bit(image) if _is_deep(image) else image).convert("RGBA")


def _flatten(image: Image.Image) -> Image.Image:
    """-> mode L or RGB."""
    if _is_deep(image):
        return _eight_bit(image)
    if image.mode == "1":
        return image.convert("L")
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        layered = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layered.size, WHITE), layered).convert("RGB")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


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
