"""How far one image is from another that was moved to meet it."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.engine.metrics.alignment import GAIN, warp, window
from generation.engine.metrics.thumbs import Thumbs, blur

HUE = 0.08  # of the circle
HUE_WEIGHT = 0.4
FLOOR = 0.5
# Brings the worst spot to the scale of a share of the whole.
SPOT = 100.0


def difference(images: Thumbs, others: Thumbs, move: Tensor) -> Tensor:
    """[B]: 0 for the same image; the worst spot counts, since siblings differ in one place and copies nowhere."""
    pairs = ((images.shape, others.shape), (images.light, others.light))
    shape, light = (worst_spot(_centred(blur(ours)), _centred(blur(warp(theirs, move)))) for ours, theirs in pairs)
    least = torch.minimum(shape, light)
    if images.hue is None or others.hue is None:
        return least
    rest, all_ = _hue_left(images.hue, warp(others.hue, move))
    return torch.maximum(least, HUE_WEIGHT * (rest / (all_ + FLOOR)).sqrt())


def worst_spot(images: Tensor, others: Tensor, limits: tuple[float, float] = GAIN) -> Tensor:
    """The greatest deviation within 3 by 3 pixels [B] that the best multiple of `others` [B,C,S,S] leaves of the
    images, against the images."""
    ours, theirs = images.flatten(1), others.flatten(1)
    gain = ((ours * theirs).sum(dim=1) / (theirs.square().sum(dim=1) + 1e-3)).clamp(*limits)
    rest = images - gain[:, None, None, None] * others
    spots = F.avg_pool2d(rest.square().sum(dim=1, keepdim=True), 3, 1).amax(dim=(1, 2, 3))
    return (SPOT * spots / (ours.square().sum(dim=1) + 1)).sqrt()


def _centred(images: Tensor) -> Tensor:
    inside = window(images.shape[-1])
    mean = (images * inside).sum(dim=(1, 2, 3), keepdim=True) / (inside.sum() * images.shape[1])
    return (images - mean) * inside


def _hue_left(hue: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """What is left of the colours after `other` is turned by at most HUE and made stronger or weaker, and all, [B]."""
    inside = window(hue.shape[-1])
    ours, theirs = (torch.view_as_complex((h * inside).permute(0, 2, 3, 1).contiguous()) for h in (hue, other))
    product = (ours * theirs.conj()).sum(dim=(1, 2))
    angle = product.angle().clamp(-2 * math.pi * HUE, 2 * math.pi * HUE)
    common = (product * torch.polar(torch.ones_like(angle), -angle)).real
    all_, strength = ours.abs().square().sum(dim=(1, 2)), theirs.abs().square().sum(dim=(1, 2))
    gain = (common / (strength + 1e-6)).clamp(*GAIN)
    return (all_ - 2 * gain * common + gain.square() * strength).clamp(min=0), all_
