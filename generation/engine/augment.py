"""Differentiable augmentation of what the discriminator sees (Zhao et al., 2020), each image with probability p
(Karras et al., 2020). No rotation and no hue: at p = 0.8 they would leak into the samples."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from generation.engine.randomness import Source, uniform

BRIGHTNESS = 0.3
CONTRAST = 0.4
SATURATION = 0.6
SHIFT = 0.125
SCALE = 1.25
CUTOUT = 0.4


def augment(images: Tensor, names: Sequence[str], p: float, random: Source) -> Tensor:
    """Images [B,C,H,W] in [-1, 1] -> the same shape, each of `names` applied to a share `p` of the images."""
    if p <= 0:
        return images
    if "colour" in names:
        images = _colour(images, p, random)
    flip, shift, scale = (p if name in names else 0.0 for name in ("flip", "translation", "scale"))
    if flip or shift or scale:
        images = _move(images, flip, shift, scale, random)
    if "cutout" in names:
        images = _cutout(images, p, random)
    return images


def _uniform(images: Tensor, random: Source, low: float, high: float) -> Tensor:
    """[B], one number per image."""
    return uniform(len(images), random, images.device) * (high - low) + low


def _chosen(images: Tensor, p: float, random: Source) -> Tensor:
    """[B] of 0 and 1."""
    return (_uniform(images, random, 0, 1) < p).float()


def _colour(images: Tensor, p: float, random: Source) -> Tensor:
    """Of four channels the first three, which are premultiplied, change as the colours they stand for; alpha stays."""
    if images.shape[1] != 4:
        return _recoloured(images, None, p, random)
    alpha = (images[:, 3:] + 1) / 2
    colours = _recoloured(images[:, :3] + 1 - alpha, alpha, p, random)
    return torch.cat([colours - 1 + alpha, images[:, 3:]], dim=1)


def _recoloured(images: Tensor, alpha: Tensor | None, p: float, random: Source) -> Tensor:
    """Colours [B,C,H,W] in [-1, 1], multiplied with `alpha` [B,1,H,W] if there is one."""
    chosen = _chosen(images, p, random)
    brightness = (chosen * _uniform(images, random, -BRIGHTNESS, BRIGHTNESS))[:, None, None, None]
    contrast = (1 + chosen * _uniform(images, random, -CONTRAST, CONTRAST))[:, None, None, None]
    saturation = (1 + chosen * _uniform(images, random, -SATURATION, SATURATION))[:, None, None, None]
    if images.shape[1] == 3:
        grey = images.mean(dim=1, keepdim=True)
        images = grey + (images - grey) * saturation
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    if alpha is None:
        return mean + (images - mean) * contrast + brightness
    mean = alpha * mean / alpha.mean(dim=(1, 2, 3), keepdim=True).clamp(min=1e-3)
    return mean + (images - mean) * contrast + brightness * alpha


def _move(images: Tensor, flip: float, shift: float, scale: float, random: Source) -> Tensor:
    """Shift, scale and mirror as two small matrix products per image, whose gradients are matrix products again."""
    height, width = images.shape[-2:]
    chosen = _chosen(images, shift, random)
    down = (chosen * _uniform(images, random, -SHIFT, SHIFT) * height).round()
    right = (chosen * _uniform(images, random, -SHIFT, SHIFT) * width).round()
    mirrored = _chosen(images, flip / 2, random)
    zoom = torch.ones_like(down)
    if scale:
        zoom = SCALE ** (_chosen(images, scale, random) * _uniform(images, random, -1, 1))
    rows = _resampler(height, down, zoom, torch.zeros_like(down))
    columns = _resampler(width, right, zoom, mirrored)
    # [B,1,H,H] @ [B,C,H,W] @ [B,1,W,W] -> [B,C,H,W]
    return rows[:, None] @ images.float() @ columns[:, None].mT


def _resampler(side: int, shift: Tensor, zoom: Tensor, mirrored: Tensor) -> Tensor:
    """[B] -> [B,side,side]: row i says which pixels land on i, in linear interpolation; what lies outside is mirrored
    in. Without zoom that is one pixel each."""
    place = torch.arange(side, device=shift.device, dtype=torch.float32)
    middle = (side - 1) / 2
    source = ((place - middle - shift[:, None]) / zoom[:, None] + middle).abs()
    source = (side - 1) - (source - (side - 1)).abs()
    source = torch.where(mirrored[:, None] > 0, (side - 1) - source, source)
    return (1 - (source[:, :, None] - place).abs()).clamp(min=0)


def _cutout(images: Tensor, p: float, random: Source) -> Tensor:
    """Greys out a square, or leaves nothing there: only for tiny sets, since the squares can leak into samples."""
    height, width = images.shape[-2:]
    half = CUTOUT * _chosen(images, p / 2, random)[:, None] * height / 2
    top, left = (_uniform(images, random, 0, side)[:, None] for side in (height, width))
    rows = (torch.arange(height, device=images.device) - top).abs() < half
    columns = (torch.arange(width, device=images.device) - left).abs() < half
    hole = rows[:, None, :, None] & columns[:, None, None, :]  # [B,1,H,W]
    return images.masked_fill(hole, -1.0 if images.shape[1] == 4 else 0.0)


class AdaptiveStrength:
    """Chooses p so that the discriminator does not learn the real images by heart (Karras et al., 2020).

    r_t is the mean sign of its scores on real images, measured from the middle of the two targets: 0 is no
    overfitting, 1 is complete. p rises while r_t is above `target` and falls below it, from 0 to `limit`,
    and would cross from 0 to 1 in `kimg`. `floor` is raised from outside where more is needed than r_t shows.
    """

    def __init__(self, start: float, limit: float, target: float, kimg: float, middle: float) -> None:
        self.p = min(start, limit)
        self.limit, self.target, self.kimg, self.middle = limit, target, kimg, middle
        self.r_t = self.floor = 0.0

    def update(self, scores: Tensor) -> None:
        """`scores` [N]: the discriminator's, on the real images since the last update."""
        self.r_t = float((scores - self.middle).sign().mean())
        direction = 1 if self.r_t > self.target else -1
        self.p = min(self.limit, max(self.floor, self.p + direction * len(scores) / (1000 * self.kimg)))
