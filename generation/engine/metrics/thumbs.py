"""Small blurred images, in which copies are compared.

Shape is the greatest and the least colour of each pixel, which a change of hue leaves as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from generation.engine.metrics.features import Pixels

SIDE = 32


@dataclass(frozen=True)
class Thumbs:
    """`shape` [N,C,32,32], `light` [N,1,32,32] and, for colours, `hue` [N,2,16,16]."""

    shape: Tensor
    light: Tensor
    hue: Tensor | None

    def __len__(self) -> int:
        return len(self.shape)

    def __getitem__(self, chosen: Tensor) -> Thumbs:
        hue = None if self.hue is None else self.hue[chosen].float()
        return Thumbs(self.shape[chosen].float(), self.light[chosen].float(), hue)

    @classmethod
    def joined(cls, parts: list[Thumbs]) -> Thumbs:
        """In half the memory of float32."""
        hues = [part.hue.half() for part in parts if part.hue is not None]
        shape, light = (torch.cat([getattr(part, name).half() for part in parts]) for name in ("shape", "light"))
        return cls(shape, light, torch.cat(hues) if hues else None)

    def turned(self, mirrored: Tensor) -> Thumbs:
        """Those of `mirrored` [N] the other way round."""
        hue = None if self.hue is None else turned(self.hue, mirrored)
        return Thumbs(turned(self.shape, mirrored), turned(self.light, mirrored), hue)


def thumbs(pixels: Pixels) -> Thumbs:
    """uint8 [N,H,W,C] with C 1 or 3."""
    images = as_floats(pixels)
    light = small(images.mean(dim=1, keepdim=True), SIDE)
    if images.shape[1] == 1:
        return Thumbs(light, light, None)
    shape = torch.stack([images.amax(dim=1), images.amin(dim=1)], dim=1)
    red, green, blue = images.unbind(dim=1)
    hue = torch.stack([red - (green + blue) / 2, (green - blue) * math.sqrt(3) / 2], dim=1)
    return Thumbs(small(shape, SIDE), light, small(hue, SIDE // 2))


def as_floats(pixels: Pixels) -> Tensor:
    """uint8 [N,H,W,C] -> [N,C,H,W] in [0, 1]"""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float().div(255)


def small(images: Tensor, side: int) -> Tensor:
    if min(images.shape[2:]) > side:
        images = F.interpolate(images, (side, side), mode="area")
    elif images.shape[2:] != (side, side):
        # Blurred first: what bilinear steps make of sharp pixels depends on where they lie.
        images = F.interpolate(blur(images), (side, side), mode="bicubic", align_corners=False)
    return blur(images)


def blur(images: Tensor) -> Tensor:
    """By 1, 2, 1 either way: what is sharper than that would not survive being moved by parts of a pixel."""
    padded = F.pad(images, (1, 1, 1, 1), mode="replicate")
    across = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    return (across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]) / 16


def turned(images: Tensor, mirrored: Tensor) -> Tensor:
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)
