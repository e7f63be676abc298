"""How far one image is from another after the other is moved, zoomed, recoloured or blended to look like it.

Shape is compared in the greatest and the least colour of each pixel, which a change of hue leaves as they are; blends
are undone in the mean colour, which mixes as images do.
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
RIM = 3
SHIFT = 0.2  # of half a side
ZOOM = 0.1
GAIN = (0.6, 1.4)
HUE = 0.08  # of the circle
HUE_WEIGHT = 0.4
FLOOR = 0.5
# Brings the worst spot to the scale of a share of the whole.
SPOT = 100.0


@dataclass(frozen=True)
class Thumbs:
    """Small blurred images: `shape` [N,C,32,32], `light` [N,1,32,32] and, for colours, `hue` [N,2,16,16]."""

    shape: Tensor
    light: Tensor
    hue: Tensor | None

    def __len__(self) -> int:
        return len(self.shape)

    def __getitem__(self, chosen: Tensor) -> Thumbs:
        hue = None if self.hue is None else self.hue[chosen].float()
        return Thumbs(self.shape[chosen].float(), self.light[chosen].float(), hue)

    def half(self) -> Thumbs:
        """The same in a third of the memory of float32 with its copies."""
        return Thumbs(self.shape.half(), self.light.half(), None if self.hue is None else self.hue.half())

    def mirrored(self) -> Thumbs:
        return Thumbs(self.shape.flip(3), self.light.flip(3), None if self.hue is None else self.hue.flip(3))


def thumbs(pixels: Pixels) -> Thumbs:
    """uint8 [N,H,W,C] with C 1 or 3."""
    images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float().div(255)
    light = _small(images.mean(dim=1, keepdim=True), SIDE)
    if images.shape[1] == 1:
        return Thumbs(light, light, None)
    shape = torch.stack([images.amax(dim=1), images.amin(dim=1)], dim=1)
    red, green, blue = images.unbind(dim=1)
    hue = torch.stack([red - (green + blue) / 2, (green - blue) * math.sqrt(3) / 2], dim=1)
    return Thumbs(_small(shape, SIDE), light, _small(hue, SIDE // 2))


def _small(images: Tensor, side: int) -> Tensor:
    if min(images.shape[2:]) > side:
        images = F.interpolate(images, (side, side), mode="area")
    elif images.shape[2:] != (side, side):
        # Blurred first: what bilinear steps make of sharp pixels depends on where they lie.
        images = F.interpolate(_blur(images), (side, side), mode="bicubic", align_corners=False)
    return _blur(images)


def _blur(images: Tensor) -> Tensor:
    """By 1, 2, 1 either way: what is sharper than that would not survive being moved by parts of a pixel."""
    padded = F.pad(images, (1, 1, 1, 1), mode="replicate")
    across = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    return (across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]) / 16


def moves(images: Tensor, others: Tensor, steps: int, start: Tensor | None = None) -> Tensor:
    """Shift right, shift down and zoom [B,3] that bring each of `others` [B,C,S,S] nearest to `images`.

    Gauss-Newton over move, gain and offset together (Lucas and Kanade, 1981).
    """
    side = images.shape[-1]
    window, (x, y) = _window(side), _grid(side)
    found = torch.zeros(len(images), 3) if start is None else start
    target = (images * window).flatten(1)[:, :, None]
    ridge = torch.diag(torch.tensor([0.03, 0.03, 0.03, 1e-3, 1e-3]) * (side / SIDE) ** 2)
    for _ in range(steps):
        moved = warp(others, found)
        right, down = torch.zeros_like(moved), torch.zeros_like(moved)
        right[..., 1:-1] = (moved[..., 2:] - moved[..., :-2]) * (side / 4)
        down[:, :, 1:-1] = (moved[:, :, 2:] - moved[:, :, :-2]) * (side / 4)
        terms = torch.stack([right, down, x * right + y * down, moved, torch.ones_like(moved)], dim=1) * window
        rows = terms.flatten(2)  # [B,5,C*S*S]
        solved = torch.linalg.solve(rows @ rows.mT + ridge, rows @ target)[:, :, 0]
        step = (solved[:, :3] / solved[:, 3:4].clamp(*GAIN)).clamp(-0.1, 0.1)
        limits = torch.tensor([SHIFT, SHIFT, ZOOM])
        found = (found + step).clamp(-limits, limits)
    return found


def warp(images: Tensor, move: Tensor) -> Tensor:
    x, y = _grid(images.shape[-1])
    zoom = move[:, 2, None, None].exp()
    places = torch.stack([x * zoom + move[:, 0, None, None], y * zoom + move[:, 1, None, None]], dim=-1)
    return F.grid_sample(images, places, padding_mode="border", align_corners=False)


def _grid(side: int) -> tuple[Tensor, Tensor]:
    line = torch.linspace(-1 + 1 / side, 1 - 1 / side, side)
    return line[None, :].expand(side, side), line[:, None].expand(side, side)


def _window(side: int) -> Tensor:
    rim = RIM * side // SIDE
    window = torch.zeros(side, side)
    window[rim:-rim, rim:-rim] = 1
    return window


def difference(images: Thumbs, others: Thumbs, move: Tensor) -> Tensor:
    """[B]: 0 for the same image; the worst spot counts, since siblings differ in one place and copies nowhere."""
    pairs = ((images.shape, others.shape), (images.light, others.light))
    least = torch.stack([_worst_spot(_blur(ours), [_blur(warp(theirs, move))], [GAIN]) for ours, theirs in pairs])
    if images.hue is None or others.hue is None:
        return least.amin(dim=0)
    left, all_ = _hue_left(images.hue, warp(others.hue, move))
    return torch.maximum(least.amin(dim=0), HUE_WEIGHT * (left / (all_ + FLOOR)).sqrt())


def rest_of_blend(lights: Tensor, firsts: Tensor, seconds: Tensor) -> Tensor:
    """`difference` of `lights` [B,1,32,32] from the best mixtures of `firsts`, moved already, with `seconds`."""
    return _worst_spot(lights, [firsts, seconds], [(0.5, 1.1), (0.0, 0.5)])


def _worst_spot(images: Tensor, atoms: list[Tensor], limits: list[tuple[float, float]]) -> Tensor:
    """The greatest deviation within 3 by 3 pixels that a mixture of `atoms` leaves of the images, against theirs."""
    whole = _centred(images)
    rest = _without(whole, [_centred(atom) for atom in atoms], limits)
    spots = F.avg_pool2d(rest.square().sum(dim=1, keepdim=True), 3, 1).amax(dim=(1, 2, 3))
    return (SPOT * spots / (whole.square().sum(dim=(1, 2, 3)) + 1)).sqrt()


def _centred(images: Tensor) -> Tensor:
    window = _window(images.shape[-1])
    mean = (images * window).sum(dim=(1, 2, 3), keepdim=True) / (window.sum() * images.shape[1])
    return (images - mean) * window


def _without(whole: Tensor, atoms: list[Tensor], limits: list[tuple[float, float]]) -> Tensor:
    """What is left of `whole` [B,C,S,S] when `atoms`, as much of each as allowed, are fitted to it by least squares."""
    rows = torch.stack(atoms, dim=1).flatten(2)
    products = rows @ rows.mT + 1e-3 * torch.eye(len(atoms))
    parts = torch.linalg.solve(products, rows @ whole.flatten(1)[:, :, None])[:, :, 0]
    low, high = torch.tensor(limits).unbind(dim=1)
    parts = torch.maximum(torch.minimum(parts, high), low)
    return whole - (parts[:, None] @ rows)[:, 0].reshape(whole.shape)


def _hue_left(hue: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """What is left of the colours after `other` is turned by at most HUE and made stronger or weaker, and all, [B]."""
    window = _window(hue.shape[-1])
    ours, theirs = (torch.view_as_complex((h * window).permute(0, 2, 3, 1).contiguous()) for h in (hue, other))
    product = (ours * theirs.conj()).sum(dim=(1, 2))
    angle = product.angle().clamp(-2 * math.pi * HUE, 2 * math.pi * HUE)
    common = (product * torch.polar(torch.ones_like(angle), -angle)).real
    all_, strength = ours.abs().square().sum(dim=(1, 2)), theirs.abs().square().sum(dim=(1, 2))
    gain = (common / (strength + 1e-6)).clamp(*GAIN)
    return (all_ - 2 * gain * common + gain.square() * strength).clamp(min=0), all_
