"""The curves of a run as one SVG: losses, distance to real images with its floor, strength of augmentation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import fmean
from typing import Any

Point = tuple[float, float]
Line = Mapping[str, Any]  # Any: numbers, and the notes of a report

WIDTH, HEIGHT = 720, 210
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 36
MOST_POINTS = 240
STYLE = """
svg { color: #14201b; font: 13px system-ui, "DejaVu Sans", sans-serif }
text { fill: currentColor }
.paper { fill: #ffffff } .soft { fill: #5a6860 } .grid { stroke: #dce3dd } .frame { stroke: #7d8b83; fill: none }
.a { stroke: #0b6b4f; fill: #0b6b4f } .b { stroke: #b4561f; fill: #b4561f } .c { stroke: #244d8a; fill: #244d8a }
@media (prefers-color-scheme: dark) {
  svg { color: #e9efea }
  .paper { fill: #171e1b } .soft { fill: #9daba3 } .grid { stroke: #2a342f } .frame { stroke: #75857c }
  .a { stroke: #62d2a7; fill: #62d2a7 } .b { stroke: #f0a06a; fill: #f0a06a } .c { stroke: #a3c5ff; fill: #a3c5ff }
}
.note { stroke: #9c2328 } @media (prefers-color-scheme: dark) { .note { stroke: #ff9f97 } }
.line { fill: none; stroke-width: 2; stroke-linejoin: round } .dashed { stroke-dasharray: 6 4 }
"""


@dataclass(frozen=True)
class Curve:
    """`look` is the class it is drawn in: a, b or c for its colour, and dashed."""

    name: str
    look: str
    points: Sequence[Point]
    dots: bool = False


@dataclass(frozen=True)
class Panel:
    title: str
    curves: Sequence[Curve]
    top: float | None = None

    def limits(self) -> tuple[float, float]:
        values = [y for curve in self.curves for _, y in curve.points]
        return min(0.0, *values), self.top or max(*values, 1e-6)


class Svg(str):
    """Text of an SVG picture, which notebooks show as one."""

    def _repr_svg_(self) -> str:
        return str(self)


def curves(lines: Sequence[Line], title: str) -> Svg:
    """What stats.jsonl holds, one mapping per line; panels without a figure are left out."""
    panels = [panel for panel in _panels(lines) if any(curve.points for curve in panel.curves)]
    last = max((curve.points[-1][0] for panel in panels for curve in panel.curves if curve.points), default=1.0)
    height = len(panels) * HEIGHT + 30
    notes = [note for line in lines for note in line.get("notes", ())]
    drawn = [_panel(panel, last, 30 + n * HEIGHT, notes) for n, panel in enumerate(panels)]
    return Svg(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img"><title>{escape(title)}</title><style>{STYLE}</style>'
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>'
        f'<text x="{LEFT}" y="24" font-weight="600">{escape(title)}</text>{"".join(drawn)}</svg>\n'
    )


def _panels(lines: Sequence[Line]) -> list[Panel]:
    def curve(name: str, field: str, look: str, dots: bool = False) -> Curve:
        pairs = [(line.get("kimg"), line.get(field)) for line in lines]
        points = [(x, y) for x, y in pairs if x is not None and y is not None]
        return Curve(name, look, thinned(points), dots)

    return [
        Panel("Loss", [curve("discriminator", "loss_d", "a"), curve("generator", "loss_g", "b")]),
        Panel(
            "SWD to held-out images, lower is better",
            [curve("generated", "swd", "c", dots=True), curve("real (floor)", "swd_floor", "a dashed")],
        ),
        Panel("Share of images augmented, p", [curve("p", "augment_p", "c")], top=1.0),
    ]


def thinned(points: Sequence[Point]) -> list[Point]:
    """At most MOST_POINTS, each the mean of its neighbours: a report shows the losses of one batch, which jump."""
    size = math.ceil(len(points) / MOST_POINTS) or 1
    groups = [points[first : first + size] for first in range(0, len(points), size)]
    return [(fmean(x for x, _ in group), fmean(y for _, y in group)) for group in groups]


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten."""
    raw = max(high - low, 1e-9) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(n * step, 10) for n in range(first, last + 1)]


def _panel(panel: Panel, last: float, offset: float, notes: Sequence[Line]) -> str:
    low, high = panel.limits()
    place = _Place(last, low, high + 0.05 * (high - low), offset)
    parts = [f'<text class="soft" x="{LEFT}" y="{offset + 24}">{escape(panel.title)}</text>']
    parts += [_level(place, y) for y in ticks(place.low, place.high)]
    parts += [_moment(place, x) for x in ticks(0, last, 6)]
    parts.append(
        f'<rect class="frame" x="{LEFT}" y="{place.y(place.high):.1f}" width="{WIDTH - LEFT - RIGHT}" '
        f'height="{HEIGHT - TOP - BOTTOM}"/>'
        f'<text class="soft" x="{LEFT - 8}" y="{place.y(place.low) + 18:.1f}" text-anchor="end">kimg</text>'
    )
    parts += [_note(place, note) for note in notes]
    parts += [_line(place, curve) for curve in panel.curves if curve.points]
    return "".join([*parts, *_legend(panel.curves, offset + 24)])


@dataclass(frozen=True)
class _Place:
    """Where figures lie in the picture."""

    last: float
    low: float
    high: float
    offset: float

    def x(self, kimg: float) -> float:
        return LEFT + kimg / max(self.last, 1e-9) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.offset + HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _level(place: _Place, value: float) -> str:
    y = place.y(value)
    return (
        f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        f'<text class="soft" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    )


def _moment(place: _Place, kimg: float) -> str:
    x, y = place.x(kimg), place.y(place.low)
    return (
        f'<path class="grid" d="M{x:.1f} {place.y(place.high):.1f}V{y:.1f}"/>'
        f'<text class="soft" x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{kimg:g}</text>'
    )


def _note(place: _Place, note: Line) -> str:
    """A dashed line where something happened, with a word for it that shows under the pointer."""
    x, top, bottom = place.x(note["kimg"]), place.y(place.high), place.y(place.low)
    path = f'<path class="line note dashed" d="M{x:.1f} {top:.1f}V{bottom:.1f}"/>'
    return f"<g><title>{escape(str(note['code']))} at {note['kimg']:g} kimg</title>{path}</g>"


def _line(place: _Place, curve: Curve) -> str:
    spots = [(place.x(x), place.y(y)) for x, y in curve.points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    drawn = f'<polyline class="line {curve.look}" points="{line}"/>'
    colour = curve.look.split()[0]
    dots = [f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in spots] if curve.dots else []
    return drawn + "".join(dots)


def _legend(curves: Iterable[Curve], y: float) -> list[str]:
    """From the right, each name behind a piece of its line."""
    parts, right = [], float(WIDTH - RIGHT)
    for curve in reversed([curve for curve in curves if curve.points]):
        parts.append(f'<text x="{right:.0f}" y="{y}" text-anchor="end">{escape(curve.name)}</text>')
        right -= 7 * len(curve.name) + 8
        parts.append(f'<path class="line {curve.look}" d="M{right - 22:.0f} {y - 4}h22"/>')
        right -= 40
    return parts
