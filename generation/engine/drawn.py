"""A small labelled set that the project draws itself: six coloured shapes on soft backgrounds."""

from __future__ import annotations

import colorsys
import io
import math
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image, ImageDraw

SHAPES = ("circle", "cross", "ring", "square", "star", "triangle")
SUPERSAMPLING = 4

Point = tuple[float, float]
Colour = tuple[int, int, int]


def draw_shapes(count: int, size: int = 64, seed: int = 0) -> list[tuple[str, Image.Image]]:
    """`count` pairs of label and RGB image of `size` pixels, the labels in turn; the same seed draws the same."""
    return [(SHAPES[n % len(SHAPES)], _draw(SHAPES[n % len(SHAPES)], size, seed, n)) for n in range(count)]


def write_folder(path: str | Path, count: int, size: int = 64, seed: int = 0) -> None:
    """One folder per class, created where needed."""
    for name, content in _files(count, size, seed):
        file = Path(path) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def write_zip(path: str | Path, count: int, size: int = 64, seed: int = 0) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in _files(count, size, seed):
            archive.writestr(name, content)


def _files(count: int, size: int, seed: int) -> Iterator[tuple[str, bytes]]:
    for number, (label, image) in enumerate(draw_shapes(count, size, seed)):
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        yield f"shapes/{label}/{number:05}.png", buffer.getvalue()


def _draw(label: str, size: int, seed: int, number: int) -> Image.Image:
    rng = random.Random(f"{seed}/{number}")
    side = size * SUPERSAMPLING
    hue = rng.random()
    image = _background(side, hue, rng)
    colour = _rgb(hue, rng.uniform(0.65, 0.85), rng.uniform(0.75, 0.95))
    centre = (side * rng.uniform(0.44, 0.56), side * rng.uniform(0.44, 0.56))
    radius = side * rng.uniform(0.28, 0.36)
    turn = math.radians(rng.uniform(-12, 12))
    _DRAW[label](ImageDraw.Draw(image), centre, radius, turn, colour)
    return image.resize((size, size), Image.Resampling.BOX)


def _background(side: int, hue: float, rng: random.Random) -> Image.Image:
    """A pale gradient from top to bottom in the opposite hue."""
    opposite = hue + 0.5 + rng.uniform(-0.08, 0.08)
    top, bottom = _rgb(opposite, 0.08, 0.98), _rgb(opposite, 0.28, 0.90)
    mask = Image.linear_gradient("L").resize((side, side))
    return Image.composite(Image.new("RGB", (side, side), bottom), Image.new("RGB", (side, side), top), mask)


def _rgb(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _polygon(centre: Point, radii: list[float], turn: float) -> list[Point]:
    """Corners at equal angles from the top, at the given distances from the centre."""
    angles = [turn + 2 * math.pi * n / len(radii) - math.pi / 2 for n in range(len(radii))]
    return [(centre[0] + r * math.cos(a), centre[1] + r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]


_Draw = Callable[[ImageDraw.ImageDraw, Point, float, float, Colour], None]


def _box(centre: Point, radius: float) -> tuple[float, float, float, float]:
    return centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius


def _circle(draw: ImageDraw.ImageDraw, centre: Point, radius: float, _: float, colour: Colour) -> None:
    draw.ellipse(_box(centre, radius), fill=colour)


def _ring(draw: ImageDraw.ImageDraw, centre: Point, radius: float, _: float, colour: Colour) -> None:
    draw.ellipse(_box(centre, radius), outline=colour, width=round(radius * 0.4))


def _square(draw: ImageDraw.ImageDraw, centre: Point, radius: float, turn: float, colour: Colour) -> None:
    draw.polygon(_polygon(centre, [radius * 1.2] * 4, turn + math.pi / 4), fill=colour)


def _triangle(draw: ImageDraw.ImageDraw, centre: Point, radius: float, turn: float, colour: Colour) -> None:
    draw.polygon(_polygon((centre[0], centre[1] + radius * 0.15), [radius * 1.2] * 3, turn), fill=colour)


def _star(draw: ImageDraw.ImageDraw, centre: Point, radius: float, turn: float, colour: Colour) -> None:
    draw.polygon(_polygon(centre, [radius * 1.2, radius * 0.52] * 5, turn), fill=colour)


def _cross(draw: ImageDraw.ImageDraw, centre: Point, radius: float, turn: float, colour: Colour) -> None:
    reach, arm = math.hypot(radius * 1.05, radius * 0.34), math.atan2(0.34, 1.05)
    inner = radius * 0.34 * math.sqrt(2)
    quarter = math.pi / 2
    corners: list[Point] = []
    for n in range(4):
        middle = turn + n * quarter - quarter
        for angle, distance in ((-arm, reach), (arm, reach), (quarter / 2, inner)):
            corners.append(
                (centre[0] + distance * math.cos(middle + angle), centre[1] + distance * math.sin(middle + angle))
            )
    draw.polygon(corners, fill=colour)


_DRAW: dict[str, _Draw] = {
    "circle": _circle,
    "cross": _cross,
    "ring": _ring,
    "square": _square,
    "star": _star,
    "triangle": _triangle,
}
