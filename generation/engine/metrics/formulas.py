"""Images drawn by formula, for training the encoder: backgrounds, textured shapes, strokes and garment-like outlines.

They come in families: members share a plan and differ in some layers, as real images of one kind do.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

LAYERS = 5
HARMONICS = 4
FAMILY = 4
REDRAWN = 0.35

Plan = dict[str, Tensor]


def draw(count: int, side: int, random: torch.Generator) -> Tensor:
    """-> float [count,3,side,side] in [0, 1], families of 4 one after the other; the same generator draws the same."""
    plan = _family(_plan(count // FAMILY + 1, random), random)
    canvas = _background({key: values[:count] for key, values in plan.items()}, side, random)
    for layer in range(LAYERS):
        canvas = _paint(canvas, {key: values[:count, layer] for key, values in plan.items()}, random)
    grey = torch.rand(count, generator=random) < 0.25
    canvas[grey] = canvas[grey].mean(dim=1, keepdim=True)
    grain = 0.03 * torch.rand(count, 1, 1, 1, generator=random) ** 2
    return (canvas + grain * torch.randn(canvas.shape, generator=random)).clamp(0, 1)


def _plan(count: int, random: torch.Generator) -> Plan:
    """What is drawn where: each value is [count,LAYERS,...]."""

    def uniform(low: float, high: float, *more: int) -> Tensor:
        return torch.rand(count, LAYERS, *more, generator=random) * (high - low) + low

    size = uniform(0.08, 1.0) * torch.linspace(1.0, 0.35, LAYERS)
    return {
        "centre": uniform(-0.6, 0.6, 2) * (uniform(0, 1, 1) < 0.6),
        "size": size,
        "stretch": uniform(-0.7, 0.7).exp(),
        "turn": uniform(-math.pi, math.pi) * (uniform(0, 1) < 0.6),
        "power": 2 ** uniform(0.2, 2.5),
        "waves": uniform(-0.22, 0.22, HARMONICS) * (uniform(0, 1, 1) < 0.7),
        "phases": uniform(-math.pi, math.pi, HARMONICS),
        "kind": uniform(0, 1),
        "width": uniform(0.06, 0.3),
        "texture": uniform(0, 1),
        "frequency": uniform(3, 24),
        "colours": _colours(uniform(0, 1, 2), uniform(0, 1, 2) ** 1.5, uniform(0.05, 1, 2)),
        "opacity": 1 - 0.5 * uniform(0, 1) ** 3,
        "mirrored": (uniform(0, 1)[:, :1] < 0.45).float().expand(-1, LAYERS),
        "ground": uniform(0, 1)[:, :1].expand(-1, LAYERS),
        "present": (uniform(0, 1) < 0.8).float(),
    }


def _family(plan: Plan, random: torch.Generator) -> Plan:
    """Repeats each plan and draws some layers of each copy anew."""
    plan = {key: values.repeat_interleave(FAMILY, dim=0) for key, values in plan.items()}
    count = len(plan["size"])
    other = _plan(count, random)
    anew = torch.rand(count, LAYERS, generator=random) < REDRAWN
    kept = {key: plan[key] for key in ("mirrored", "ground")}
    mixed = {
        key: torch.where(anew.reshape(count, LAYERS, *[1] * (values.ndim - 2)), other[key], values)
        for key, values in plan.items()
    }
    return mixed | kept


def _colours(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Hue, saturation and value [..., 2] -> two colours [..., 2, 3] in [0, 1]."""
    shades = (hue[..., None] * 6 + torch.tensor([0.0, 4.0, 2.0])) % 6
    pure = ((shades - 3).abs() - 1).clamp(0, 1)
    return value[..., None] * (1 - saturation[..., None] * (1 - pure))


def _background(plan: Plan, side: int, random: torch.Generator) -> Tensor:
    """White, black, a gradient or a soft field of noise between two colours: [B,3,side,side]."""
    ground, colours = plan["ground"][:, 0], plan["colours"][:, 0]  # [B], [B,2,3]
    count = len(ground)
    ramp = torch.linspace(0, 1, side)[None, :, None].expand(count, side, side)
    field = torch.where((ground > 0.75)[:, None, None], _noise(count, side, random), ramp)[:, None]
    first, second = (colours[:, n, :, None, None] for n in (0, 1))
    mixed = first + (second - first) * field
    plain = torch.where(ground < 0.3, 1.0, 0.0)[:, None, None, None].expand_as(mixed)
    return torch.where((ground < 0.42)[:, None, None, None], plain, mixed).clone()


def _noise(count: int, side: int, random: torch.Generator) -> Tensor:
    """Soft noise in [0, 1] of two sizes of grain, [count,side,side]."""
    fields = [torch.rand(count, 1, cells, cells, generator=random) for cells in (4, 16)]
    coarse, fine = (F.interpolate(f, (side, side), mode="bicubic", align_corners=False)[:, 0] for f in fields)
    return (0.7 * coarse + 0.3 * fine).clamp(0, 1)


def _paint(canvas: Tensor, layer: Plan, random: torch.Generator) -> Tensor:
    side = canvas.shape[-1]
    across, down = _coordinates(layer, side)
    mask = _mask(across, down, layer, side)[:, None]
    shade = _shade(across, down, layer, _noise(len(canvas), side, random))[:, None]
    first, second = (layer["colours"][:, n, :, None, None] for n in (0, 1))
    return canvas + mask * (first + (second - first) * shade - canvas)


def _coordinates(layer: Plan, side: int) -> tuple[Tensor, Tensor]:
    """Where each pixel lies as the layer's shape sees it, [B,side,side] twice; 1 is the shape's radius."""
    line = torch.linspace(-1, 1, side)
    x, y = line[None, None, :], line[None, :, None]
    mirrored, turn, size, stretch = (layer[k][:, None, None] for k in ("mirrored", "turn", "size", "stretch"))
    x = torch.where(mirrored > 0, x.abs(), x) - layer["centre"][:, 0, None, None]
    y = y - layer["centre"][:, 1, None, None]
    across = (x * turn.cos() + y * turn.sin()) / (size * stretch)
    return across, (y * turn.cos() - x * turn.sin()) / (size / stretch)


def _mask(across: Tensor, down: Tensor, layer: Plan, side: int) -> Tensor:
    """Filled outlines, rings or lines: how much of each pixel is covered, [B,side,side] in [0, 1]."""
    power, width, kind = (layer[k][:, None, None] for k in ("power", "width", "kind"))
    angle = torch.atan2(down, across)
    waves = layer["waves"][:, :, None, None], layer["phases"][:, :, None, None]
    edge = 1 + sum(
        (waves[0][:, n] * ((n + 2) * angle + waves[1][:, n]).cos() for n in range(HARMONICS)), torch.zeros(())
    )
    radius = (across.abs() ** power + down.abs() ** power + 1e-9) ** (1 / power)
    inside = torch.where(kind < 0.65, edge - radius, width - (edge - radius).abs())
    inside = torch.where(kind > 0.88, width - down.abs(), inside)
    sharpness = layer["size"][:, None, None] * side
    return (inside * sharpness).add(0.5).clamp(0, 1) * (layer["opacity"] * layer["present"])[:, None, None]


def _shade(across: Tensor, down: Tensor, layer: Plan, noise: Tensor) -> Tensor:
    """Flat, stripes, checks, a gradient or noise: where between its two colours each pixel lies, [B,side,side]."""
    texture, frequency = layer["texture"][:, None, None], layer["frequency"][:, None, None]
    stripes = (0.5 + 2 * (frequency * across).sin()).clamp(0, 1)
    checks = (0.5 + 2 * (frequency * across).sin() * (frequency * down).sin()).clamp(0, 1)
    shade = torch.zeros_like(noise)
    for low, pattern in ((0.35, stripes), (0.47, checks), (0.58, (0.5 + 0.5 * down).clamp(0, 1)), (0.8, noise)):
        shade = torch.where(texture > low, pattern, shade)
    return shade
