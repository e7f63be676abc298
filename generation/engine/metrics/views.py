"""What may happen to an image without making it another: the views that the encoder learns to see as one."""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

SHIFT = 0.2
ZOOM = 0.1
HUE = 0.1
BLEND = 0.3
MOVED_PIXELS = 2.5
CONTRAST = (0.8, 1.25)
BRIGHTNESS = 0.12
MILD_ZOOM = 0.07
MILD_CONTRAST = (0.9, 1.11)


def view(images: Tensor, side: int, random: torch.Generator) -> Tensor:
    """Float [B,3,H,W] in [0, 1] -> [B,3,side,side] in [0, 1], each moved, mirrored, recoloured, blended or worn."""
    images = _move(images, side, random, SHIFT, ZOOM)
    images = _blend(images, random)
    images = _recolour(images, random, HUE, CONTRAST, BRIGHTNESS)
    images = _some(images, 0.25, random, _blur)
    images = _some(images, 0.25, random, lambda part: _coarse(part, random))
    return _some(images.clamp(0, 1), 0.2, random, lambda part: _jpeg(part, random))


def repeated(pixels: np.ndarray, random: torch.Generator) -> np.ndarray:
    """uint8 [B,H,W,C] -> the same as a generator would repeat them: mirrored, moved and recoloured a little."""
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(255).expand(-1, 3, -1, -1)
    side = images.shape[-1]
    moved = _move(images, side, random, 2 * MOVED_PIXELS / side, MILD_ZOOM)
    images = _recolour(moved, random, HUE / 2, MILD_CONTRAST, BRIGHTNESS / 2).clamp(0, 1)
    return images[:, : pixels.shape[3]].mul(255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()


def _uniform(count: int, low: float, high: float, random: torch.Generator) -> Tensor:
    return torch.rand(count, generator=random) * (high - low) + low


def _move(images: Tensor, side: int, random: torch.Generator, shift: float, most_zoom: float) -> Tensor:
    count = len(images)
    zoom = _uniform(count, -most_zoom, most_zoom, random).exp() * side / images.shape[-1]
    mirror = torch.where(torch.rand(count, generator=random) < 0.5, -1.0, 1.0)
    places = torch.zeros(count, 2, 3)
    places[:, 0, 0], places[:, 1, 1] = zoom * mirror, zoom
    places[:, :, 2] = _uniform(2 * count, -shift, shift, random).reshape(count, 2)
    grid = F.affine_grid(places, [count, 3, side, side], align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _blend(images: Tensor, random: torch.Generator) -> Tensor:
    count = len(images)
    share = _uniform(count, -BLEND, BLEND, random).clamp(min=0)[:, None, None, None]
    return images + share * (images[torch.randperm(count, generator=random)] - images)


def _recolour(
    images: Tensor, random: torch.Generator, hue: float, contrast: tuple[float, float], offset: float
) -> Tensor:
    """Turns the hue about the grey axis, then changes contrast and brightness."""
    count = len(images)
    angle = 2 * math.pi * _uniform(count, -hue, hue, random)[:, None, None]
    third, root = torch.full((3, 3), 1 / 3), torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    turn = angle.cos() * torch.eye(3) + (1 - angle.cos()) * third + angle.sin() * root  # [B,3,3]
    images = (turn @ images.flatten(2)).reshape(images.shape)
    gain = _uniform(count, *contrast, random)[:, None, None, None]
    return (images - 0.5) * gain + 0.5 + _uniform(count, -offset, offset, random)[:, None, None, None]


def _some(images: Tensor, p: float, random: torch.Generator, change: Callable[[Tensor], Tensor]) -> Tensor:
    chosen = torch.rand(len(images), generator=random) < p
    if chosen.any():
        images = images.clone()
        images[chosen] = change(images[chosen])
    return images


def _blur(images: Tensor) -> Tensor:
    kernel = torch.tensor([1.0, 2.0, 1.0]) / 4
    across, down = (kernel.reshape(shape).expand(3, 1, *shape[2:]) for shape in ((1, 1, 1, 3), (1, 1, 3, 1)))
    for weight, pad in ((across, (1, 1, 0, 0)), (down, (0, 0, 1, 1))):
        images = F.conv2d(F.pad(images, pad, mode="replicate"), weight, groups=3)
    return images


def _coarse(images: Tensor, random: torch.Generator) -> Tensor:
    side = images.shape[-1]
    small = int(torch.randint(28, 49, (), generator=random))
    return F.interpolate(F.interpolate(images, (small, small), mode="area"), (side, side), mode="bilinear")


def _jpeg(images: Tensor, random: torch.Generator) -> Tensor:
    quality = int(torch.randint(50, 95, (), generator=random))
    pixels = images.mul(255).round().byte().permute(0, 2, 3, 1).numpy()
    worn = np.stack([_through_jpeg(image, quality) for image in pixels])
    return torch.from_numpy(worn).permute(0, 3, 1, 2).float() / 255


def _through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))
