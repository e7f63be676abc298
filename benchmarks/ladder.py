"""Can each metric tell good from bad? python -m benchmarks.ladder NAME=FOLDER-OR-ZIP[:PX] ...

Rungs below real images: blends of two photographs, draws from a Gaussian through the principal components, blur, noise.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from generation.engine.data import load
from generation.engine.metrics.classifying import two_sample
from generation.engine.metrics.encoder import describe
from generation.engine.metrics.features import Pixels
from generation.engine.metrics.likeness import coverage, kid, recall
from generation.engine.metrics.swd import subsample, swd
from generation.engine.metrics.textures import textures

N = 500
COMPONENTS = 100
RESULT = Path(__file__).parent / "results" / "ladder.json"
# The two-sample test is at its ceiling from the Gaussian down: a few images of a thousand more or less say nothing.
SLACK = 0.005
# Less is better but for these.
SHARES = ("recall", "coverage")

Rung = Callable[[Pixels, int, np.random.Generator], Pixels]


def blends(images: Pixels, count: int, random: np.random.Generator) -> Pixels:
    """The even mixture of two images."""
    first, second = (images[random.integers(0, len(images), count)].astype(np.float32) for _ in range(2))
    return ((first + second) / 2).round().astype(np.uint8)


def gaussian(images: Pixels, count: int, random: np.random.Generator) -> Pixels:
    """As many images with the same mean and the same first principal components."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    mean = rows.mean(axis=0)
    _, spread, axes = np.linalg.svd(rows - mean, full_matrices=False)
    kept = min(COMPONENTS, len(spread))
    drawn = random.standard_normal((count, kept), dtype=np.float32) * spread[:kept] / np.sqrt(len(rows))
    return (mean + drawn @ axes[:kept]).clip(0, 255).round().astype(np.uint8).reshape(count, *images.shape[1:])


def blurred(images: Pixels, count: int, random: np.random.Generator) -> Pixels:
    """By a sixteenth of the side."""
    return np.stack([_blur(image) for image in subsample(images, count, random)])


def noise(images: Pixels, count: int, random: np.random.Generator) -> Pixels:
    return random.integers(0, 256, (count, *images.shape[1:]), dtype=np.uint8)


RUNGS: dict[str, Rung] = {"real": subsample, "blend": blends, "gaussian": gaussian, "blur": blurred, "noise": noise}


def climb(images: Pixels, *, n: int = N, seed: int = 0) -> dict[str, dict[str, float]]:
    """Metric -> rung -> figure, all against the same `n` real images; "real" are `n` others."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(images))
    n = min(n, len(images) // 2)
    real, others = images[order[:n]], images[order[n:]]
    described = describe(real)
    table: dict[str, dict[str, float]] = {}
    for rung, make in RUNGS.items():
        fake = make(others, n, random)
        for metric, figure in figures(real, described, fake).items():
            table.setdefault(metric, {})[rung] = figure
    return table


def figures(real: Pixels, described: np.ndarray, fake: Pixels) -> dict[str, float]:
    rows = describe(fake)
    told = (described, textures(real)), (rows, textures(fake))
    return {
        "swd": swd(real, fake)["avg"],
        "kid": kid(described, rows).value,
        "two_sample": two_sample(*(np.concatenate(pair, axis=1) for pair in told)).value,
        "recall": recall(described, rows),
        "coverage": coverage(described, rows),
    }


def in_order(metric: str, rungs: dict[str, float]) -> bool:
    """Real images stand above every other rung, and noise stands above none."""
    sign = -1 if metric in SHARES else 1
    worse = [sign * rungs[name] for name in ("blend", "gaussian", "blur")]
    return sign * rungs["real"] < min(worse) and max(worse) <= sign * rungs["noise"] + SLACK


def _blur(image: Pixels) -> Pixels:
    picture = Image.fromarray(image if image.shape[2] == 3 else image[..., 0])
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(image.shape[0] / 16))).reshape(image.shape)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", metavar="NAME=PATH[:PX]")
    tables = {}
    for text in parser.parse_args().sets:
        name, _, place = text.partition("=")
        path, _, side = place.partition(":")
        started = time.perf_counter()
        tables[name] = climb(load(path, int(side or 64)).pixels)
        for metric, rungs in tables[name].items():
            verdict = "in order" if in_order(metric, rungs) else "OUT OF ORDER"
            print(f"{name:10} {metric:10}", *(f"{r} {v:9.4f}" for r, v in rungs.items()), verdict, flush=True)
        print(f"{name:10} {time.perf_counter() - started:.0f} s", flush=True)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(tables, indent=2) + "\n")


if __name__ == "__main__":
    main()
