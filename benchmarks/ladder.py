"""Can each metric tell good from bad? python -m benchmarks.ladder NAME=FOLDER-OR-ZIP[:PX] ... [--kimg 5 25 100]

Rungs below real images: runs at some budgets, blends of two photographs, draws from a Gaussian through the principal
components, blur, noise.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

from benchmarks.bars import Bar
from benchmarks.copies import drawn
from benchmarks.sets import real_sets
from generation.engine.config import RecipeRequest, resolve
from generation.engine.data import ImageSet, load
from generation.engine.metrics.classifying import two_sample
from generation.engine.metrics.encoder import describe
from generation.engine.metrics.features import Pixels
from generation.engine.metrics.likeness import coverage, kid, recall
from generation.engine.metrics.swd import subsample, swd
from generation.engine.metrics.textures import textures
from generation.engine.sampling import Sampler
from generation.engine.training import train

N = 500
COMPONENTS = 100
# Of runs, in kimg.
BUDGETS = (5.0, 25.0, 100.0)
RESULT = Path(__file__).parent / "results" / "ladder.json"
# The two-sample test is at its ceiling from the Gaussian down: a few images of a thousand more or less say nothing.
SLACK = 0.005
# Runs that differ by less than this share are level. KID's own interval is several times as wide: a report shows it.
LEVEL = {"kid": 0.1}
LEVEL_ELSE = 0.02
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


def run(kimg: float, changes: dict[str, object]) -> Rung:
    """Samples of a run of preset quick."""

    def make(images: Pixels, count: int, random: np.random.Generator) -> Pixels:
        side, channels = images.shape[1], images.shape[3]
        recipe = resolve(RecipeRequest("quick", side, kimg=kimg), images=len(images), channels=channels)
        names = tuple(map(str, range(len(images))))
        *_, last = train(ImageSet(images, None, (), names), replace(recipe, **changes), device="cpu")  # type: ignore[arg-type]  # which fields is the caller's choice
        if last.checkpoint is None:
            raise RuntimeError("the last report carries a checkpoint")
        sampler = Sampler(last.checkpoint, sha256="", seed=0, device=torch.device("cpu"))
        return np.stack([sample.pixels for sample in sampler.images(range(count))])

    return make


def run_name(kimg: float) -> str:
    return f"{kimg:g} kimg"


RUNGS: dict[str, Rung] = {"real": subsample, "blend": blends, "gaussian": gaussian, "blur": blurred, "noise": noise}


def climb(
    images: Pixels, *, n: int = N, seed: int = 0, budgets: tuple[float, ...] = (), **changes: object
) -> dict[str, dict[str, float]]:
    """Metric -> rung -> figure, all against the same `n` real images; "real" are `n` others.

    Each of `budgets`, in kimg, adds a run of preset quick on these others, its recipe with `changes`.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(images))
    n = min(n, len(images) // 2)
    real, others = images[order[:n]], images[order[n:]]
    described = describe(real)
    table: dict[str, dict[str, float]] = {}
    rungs = RUNGS | {run_name(kimg): run(kimg, changes) for kimg in budgets}
    for rung, make in rungs.items():
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
    """Real images stand above every other rung, noise stands above none, and longer runs above shorter ones."""
    cost = {name: -figure if metric in SHARES else figure for name, figure in rungs.items()}
    worse = [cost[name] for name in cost if name not in ("real", "noise")]
    runs = [cost[name] for name in sorted(cost, key=budget_of) if budget_of(name)]
    level = LEVEL.get(metric, LEVEL_ELSE)
    longer_are_better = all(long < short + level * abs(short) for short, long in pairwise(runs))
    return cost["real"] < min(worse) and max(worse) <= cost["noise"] + SLACK and longer_are_better


def strictly_in_order(metric: str, rungs: dict[str, float]) -> bool:
    """Blends, then Gaussians, then blur, then noise too."""
    cost = [-rungs[name] if metric in SHARES else rungs[name] for name in RUNGS]
    return in_order(metric, rungs) and all(better <= worse + SLACK for better, worse in pairwise(cost))


def budget_of(rung: str) -> float:
    return float(rung.removesuffix(" kimg")) if rung.endswith(" kimg") else 0.0


def _blur(image: Pixels) -> Pixels:
    picture = Image.fromarray(image if image.shape[2] == 3 else image[..., 0])
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(image.shape[0] / 16))).reshape(image.shape)


def bars(*, full: bool) -> Iterator[Bar]:
    """With runs only where there is time for them."""
    for name, images in (real_sets() or {"drawn": drawn()}).items():
        table = climb(images, budgets=BUDGETS if full else ())
        amiss = [metric for metric, rungs in table.items() if not in_order(metric, rungs)]
        strict = [metric for metric, rungs in table.items() if strictly_in_order(metric, rungs)]
        detail = (
            f"out of order: {', '.join(amiss) or 'none'}; blend, Gaussian, blur in this order by {', '.join(strict)}"
        )
        yield Bar(f"metrics shown that cannot tell good from bad: {name}", len(amiss), 0, detail=detail)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", metavar="NAME=PATH[:PX]")
    parser.add_argument("--kimg", type=float, nargs="*", default=[], help="budgets of runs")
    options, tables = parser.parse_args(), {}
    for text in options.sets:
        name, _, place = text.partition("=")
        path, _, side = place.partition(":")
        started = time.perf_counter()
        tables[name] = climb(load(path, int(side or 64)).pixels, budgets=tuple(options.kimg))
        for metric, rungs in tables[name].items():
            verdict = "in strict order" if strictly_in_order(metric, rungs) else "in order"
            verdict = verdict if in_order(metric, rungs) else "OUT OF ORDER"
            print(f"{name:10} {metric:10}", *(f"{r} {v:9.4f}" for r, v in rungs.items()), verdict, flush=True)
        print(f"{name:10} {time.perf_counter() - started:.0f} s", flush=True)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(tables, indent=2) + "\n")


if __name__ == "__main__":
    main()
