"""Moving one image to where it looks most like another (Lucas and Kanade, 1981)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.engine.metrics.thumbs import SIDE

RIM = 3
SHIFT = 0.2  # of half a side
ZOOM = 0.1
GAIN = (0.6, 1.4)
STEP = 0.1


def moves(images: Tensor, others: Tensor, steps: int, start: Tensor) -> Tensor:
    """Shift right, shift down and zoom [B,3] that bring each of `others` [B,C,S,S] nearest to `images`.

    Gauss-Newton over move, gain and offset together, from `start`.
    """
    side, found = images.shape[-1], start
    rim = window(side)
    target = (images * rim).flatten(1)[:, :, None]
    ridge = torch.diag(torch.tensor([0.03, 0.03, 0.03, 1e-3, 1e-3]) * (side / SIDE) ** 2)
    for _ in range(steps):
        rows = _terms(warp(others, found), rim)
        solved = torch.linalg.solve(rows @ rows.mT + ridge, rows @ target)[:, :, 0]
        step = (solved[:, :3] / solved[:, 3:4].clamp(*GAIN)).clamp(-STEP, STEP)
        limits = torch.tensor([SHIFT, SHIFT, ZOOM])
        found = (found + step).clamp(-limits, limits)
    return found


def _terms(moved: Tensor, rim: Tensor) -> Tensor:
    """How images [B,C,S,S] change with each of the five unknowns, [B,5,C*S*S]."""
    side = moved.shape[-1]
    x, y = grid(side)
    right, down = torch.zeros_like(moved), torch.zeros_like(moved)
    right[..., 1:-1] = (moved[..., 2:] - moved[..., :-2]) * (side / 4)
    down[:, :, 1:-1] = (moved[:, :, 2:] - moved[:, :, :-2]) * (side / 4)
    return (torch.stack([right, down, x * right + y * down, moved, torch.ones_like(moved)], dim=1) * rim).flatten(2)


def warp(images: Tensor, move: Tensor) -> Tensor:
    x, y = grid(images.shape[-1])
    zoom = move[:, 2, None, None].exp()
    places = torch.stack([x * zoom + move[:, 0, None, None], y * zoom + move[:, 1, None, None]], dim=-1)
    return F.grid_sample(images, places, padding_mode="border", align_corners=False)


def grid(side: int) -> tuple[Tensor, Tensor]:
    line = torch.linspace(-1 + 1 / side, 1 - 1 / side, side)
    return line[None, :].expand(side, side), line[:, None].expand(side, side)


def window(side: int) -> Tensor:
    """[side,side]: 1 inside, 0 at the rim, where moved images hold nothing of their own."""
    rim = RIM * side // SIDE
    inside = torch.zeros(side, side)
    inside[rim:-rim, rim:-rim] = 1
    return inside
