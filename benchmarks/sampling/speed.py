"""5,000 images of 64 px, from latents to a zip of PNG files, against the plain loop in float32.

Both sides use the nets of preset paper with the same weights, trained for a moment only. Rounds alternate; the figures
judged are ratios of medians. What each step takes is measured beside it, on one thread and in that thread's own time,
so that all steps are told in one unit. Screening and encoding are timed on held-out real images there: they are what
a perfect generator would make, and the screening clears what looks like nothing real in half the time. They are
clothing photographs where GANERATE_BENCH_SETS has them, else drawn shapes, which are so alike that they take longest.
"""

from __future__ import annotations

import io
import os
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import django
import numpy as np
import torch
from PIL import Image

from benchmarks.bars import Bar
from benchmarks.sets import real_images
from generation.engine.checkpoints import Checkpoint
from generation.engine.config import BLOCK, RecipeRequest, resolve
from generation.engine.data import ImageSet, split_holdout
from generation.engine.devices import best_dtype
from generation.engine.drawn import draw_shapes
from generation.engine.metrics.copies import CopyDetector
from generation.engine.metrics.inception import import_torchvision
from generation.engine.networks import build_generator
from generation.engine.pictures import Pixels
from generation.engine.png import encode_pngs
from generation.engine.sampling import Sampler, together
from generation.engine.trainer import Trainer
from generation.engine.workers import in_order, one_thread

IMAGES, RESOLUTION = 5000, 64
SOURCES, TRAINED_STEPS = 1000, 50
ROUNDS, BLOCKS_TIMED = 3, 16
BARS = {"bfloat16": 3.0, "float32": 1.7}
CPU = torch.device("cpu")

Times = dict[str, list[float]]


@dataclass(frozen=True)
class Goods:
    """A generator, and a detector that knows what it was trained on."""

    checkpoint: Checkpoint
    train: ImageSet
    holdout: ImageSet
    detector: CopyDetector

    def sampler(self, dtype: str) -> Sampler:
        checkpoint = replace(self.checkpoint, recipe=replace(self.checkpoint.recipe, dtype=dtype))
        return Sampler(checkpoint, sha256="", seed=0, device=CPU)


def bars(*, full: bool) -> Iterator[Bar]:
    goods, dtypes = prepared(), [best_dtype(CPU)]
    dtypes += [] if dtypes == ["float32"] else ["float32"]
    times = measured(goods, dtypes, ROUNDS * (2 if full else 1))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for dtype in dtypes:
        plain, ours, screened = (medians[name] for name in ("plain", dtype, f"screened {dtype}"))
        yield Bar(
            f"{IMAGES:,} images sampled, encoded and zipped in {dtype}, against the plain loop in float32, medians",
            plain / ours,
            BARS[dtype],
            "x",
            at_least=True,
            detail=f"{rate(plain)} and {rate(ours)}; screened for copies too, which the plain loop does not: "
            f"{rate(screened)}, {plain / screened:.2f}x",
        )
    for dtype in dtypes:
        steps = timed(goods, dtype)
        rest = steps["encode"] + steps["screen"] + steps["zip"]
        shown = ", ".join(f"{name} {seconds * 1e6:.0f}" for name, seconds in steps.items())
        yield Bar(
            f"encoding, screening and zip against the network in {dtype}",
            rest / steps["network"],
            1.0,
            "x",
            detail=f"microseconds of one core for an image: {shown}; {len(goods.train)} source images",
        )
    yield encoders(goods)


def prepared() -> Goods:
    train, holdout = split_holdout(real_images("clothing_dev") or drawn(), seed=0)
    request = RecipeRequest("paper", RESOLUTION)
    recipe = resolve(request, images=len(train), channels=3, dtype=best_dtype(CPU))
    trainer = Trainer(train, replace(recipe, offline_copies=1), CPU)
    for _ in range(TRAINED_STEPS):
        trainer.step()
    checkpoint = trainer.checkpoint(seconds=0).generator_only()
    return Goods(checkpoint, train, holdout, CopyDetector.fit(train, holdout))


def drawn() -> ImageSet:
    pixels = np.stack([np.asarray(image) for _label, image in draw_shapes(SOURCES, size=RESOLUTION)])
    return ImageSet(pixels, None, (), tuple(map(str, range(SOURCES))))


def measured(goods: Goods, dtypes: list[str], rounds: int) -> Times:
    """Seconds of each side, in each round."""
    sides: dict[str, Callable[[int, Path], None]] = {"plain": plain_side(goods)}
    for dtype in dtypes:
        sides |= {dtype: our_side(goods, dtype), f"screened {dtype}": screened_side(goods, dtype)}
    times: Times = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            with tempfile.TemporaryDirectory() as folder:
                started = time.perf_counter()
                side(IMAGES if number else 4 * BLOCK, Path(folder))  # the first is for warming up
                times[name] += [time.perf_counter() - started] if number else []
                check(Path(folder) / "images.zip", IMAGES if number else 4 * BLOCK)
    return times


def plain_side(goods: Goods) -> Callable[[int, Path], None]:
    """As a script does it: batches of 64 in float32, save_image for each image, then a zip of the files."""
    recipe, save_image = goods.checkpoint.recipe, import_torchvision().utils.save_image
    net = build_generator(recipe).eval()
    net.load_state_dict(goods.checkpoint.part("ema"))

    def make(count: int, folder: Path) -> None:
        (folder / "images").mkdir()
        with torch.no_grad():
            for first in range(0, count, BLOCK):
                for number, image in enumerate(net(torch.randn(BLOCK, recipe.latent_dim))[: count - first], first):
                    path = folder / "images" / f"{number:08d}.png"
                    save_image(image, path, normalize=True, value_range=(-1, 1))
        with zipfile.ZipFile(folder / "images.zip", "w") as archive:
            for path in sorted((folder / "images").iterdir()):
                archive.write(path, path.name)

    return make


def our_side(goods: Goods, dtype: str) -> Callable[[int, Path], None]:
    """What the product does, but for the screening."""
    from generation.zips import StoredZip

    sampler = goods.sampler(dtype)

    def encoded(slots: list[int]) -> list[tuple[int, bytes]]:
        return list(zip(slots, encode_pngs(sampler.batch(slots, {}).pixels), strict=True))

    def make(count: int, folder: Path) -> None:
        with (folder / "images.zip").open("wb") as file:
            archive = StoredZip(file)
            for images in in_order(encoded, together(range(count)), sampler.threads):
                for slot, png in images:
                    archive.add(f"images/{slot:08d}.png", png)
            archive.end()

    return make


def screened_side(goods: Goods, dtype: str) -> Callable[[int, Path], None]:
    """What the product does."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    django.setup()
    from generation.tasks.screening import Screen
    from generation.zips import StoredZip

    nobody: Any = None  # Any: of the job only its number of images is ever asked, and only where none can be made
    screen = Screen(nobody, goods.sampler(dtype), goods.detector, lambda: (goods.train, goods.holdout))

    def make(count: int, folder: Path) -> None:
        with (folder / "images.zip").open("wb") as file:
            archive = StoredZip(file)
            for made in screen.accepted_images(range(count)):
                archive.add(f"images/{made.entry['slot']:08d}.png", made.png)
            archive.end()

    return make


def check(path: Path, count: int) -> None:
    """Neither side may win by leaving something out."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len(names) != count:
            raise RuntimeError(f"{len(names)} images of {count}")
        with Image.open(io.BytesIO(archive.read(names[-1]))) as image:
            if image.size != (RESOLUTION, RESOLUTION) or image.mode != "RGB":
                raise RuntimeError(f"{image.mode} {image.size}")


def timed(goods: Goods, dtype: str) -> dict[str, float]:
    """Seconds of one core for an image, by step: medians over blocks."""
    from generation.zips import StoredZip

    sampler, archive = goods.sampler(dtype), StoredZip(io.BytesIO())
    found: Times = {"network": [], "screen": [], "encode": [], "zip": []}
    with one_thread():
        for number in range(BLOCKS_TIMED + 1):
            slots = range(number * BLOCK, (number + 1) * BLOCK)
            marks = [time.thread_time()]
            sampler.batch(slots, {})
            marks.append(time.thread_time())
            pixels = goods.holdout.pixels[np.arange(slots.start, slots.stop) % len(goods.holdout)]
            goods.detector.distance(pixels)
            marks.append(time.thread_time())
            pngs = encode_pngs(pixels)
            marks.append(time.thread_time())
            for slot, png in zip(slots, pngs, strict=True):
                archive.add(f"images/{slot:08d}.png", png)
            marks.append(time.thread_time())
            for values, start, end in zip(found.values(), marks, marks[1:], strict=False):
                values += [(end - start) / BLOCK] if number else []
    return {name: statistics.median(values) for name, values in found.items()}


def encoders(goods: Goods) -> Bar:
    """On held-out real images; what was encoded is decoded again and must be the same."""
    pixels = goods.holdout.pixels[: 3 * BLOCK]
    ways: dict[str, Callable[[], list[bytes]]] = {
        "ours (PNG)": lambda: encode_pngs(pixels),
        "Pillow's PNG": lambda: pillow(pixels, "PNG"),
        "Pillow's PNG, level 1": lambda: pillow(pixels, "PNG", compress_level=1),
        "WebP, lossless": lambda: pillow(pixels, "WEBP", lossless=True, method=0),
        "WebP 90, lossy": lambda: pillow(pixels, "WEBP", quality=90, method=0),
        "JPEG 95, lossy": lambda: pillow(pixels, "JPEG", quality=95),
    }
    found = {name: encoding(way) for name, way in ways.items()}
    read = np.stack([np.asarray(Image.open(io.BytesIO(png))) for png in encode_pngs(pixels)])
    if not np.array_equal(read, pixels):
        raise RuntimeError("an encoder changed a pixel")
    shown = "; ".join(f"{name} {1 / seconds:,.0f}/s, {size:,.0f} bytes" for name, (seconds, size) in found.items())
    ratio = found["Pillow's PNG"][0] / found["ours (PNG)"][0]
    return Bar("PNG files a second on one core, against Pillow's writer", ratio, 2.0, "x", at_least=True, detail=shown)


def pillow(pixels: Pixels, format: str, **options: Any) -> list[bytes]:  # Any: Pillow's options
    found = []
    for image in pixels:
        file = io.BytesIO()
        Image.fromarray(image).save(file, format, **options)
        found.append(file.getvalue())
    return found


def encoding(way: Callable[[], list[bytes]]) -> tuple[float, float]:
    """Seconds of one core and bytes for an image."""
    times = []
    for _ in range(5):
        started = time.thread_time()
        files = way()
        times.append((time.thread_time() - started) / len(files))
    return statistics.median(times), statistics.mean(map(len, files))


def rate(seconds: float) -> str:
    return f"{IMAGES / seconds:,.0f} images/s"
