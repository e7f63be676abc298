"""The engine on the drawn set: preset quick, 32 px, labels on.

A classifier that learnt the drawn shapes from other drawings names each sample; the share named as the label it was
made for says whether the images show what they should. The samples themselves are in results/drawn-samples.png.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.bars import Bar
from generation.engine.checkpoints import Checkpoint
from generation.engine.classifier import Classifier
from generation.engine.config import RecipeRequest, resolve
from generation.engine.data import ImageSet, load, split_holdout
from generation.engine.devices import best_device, best_dtype
from generation.engine.drawn import write_zip
from generation.engine.metrics.swd import swd
from generation.engine.sampling import Sampler
from generation.engine.sheets import save_sheet
from generation.engine.training import train

IMAGES = 1200
RESOLUTION = 32
SAMPLES = 600
SHEET = Path(__file__).parent / "results" / "drawn-samples.png"


def bars(*, full: bool) -> Iterator[Bar]:
    images, holdout = split_holdout(_drawn(IMAGES, RESOLUTION, seed=0), seed=0)
    started = time.perf_counter()
    checkpoint = _trained(images, RecipeRequest("quick", RESOLUTION, labels=True))
    seconds = time.perf_counter() - started
    samples = _sampled(checkpoint)
    SHEET.parent.mkdir(exist_ok=True)
    save_sheet(samples.pixels[:96], SHEET, columns=12)
    classifier = Classifier(_drawn(3000, RESOLUTION, seed=1))
    real, fake = holdout.pixels, samples.pixels[: len(holdout)]
    score, floor = swd(real, fake)["avg"], swd(real, images.pixels)["avg"]
    yield Bar(
        "samples of the drawn set that a classifier names as intended",
        100 * classifier.accuracy(samples),
        80.0,
        " %",
        at_least=True,
        detail=f"classifier on held-out drawings {classifier.accuracy(holdout):.1%}; trained {seconds:.0f} s for "
        f"{checkpoint.kimg:.0f} kimg; SWD {score:.1f}, floor {floor:.1f}, n {len(fake)}",
    )


def _drawn(count: int, resolution: int, seed: int) -> ImageSet:
    with tempfile.TemporaryDirectory() as folder:
        write_zip(Path(folder) / "shapes.zip", count, seed=seed)
        return load(Path(folder) / "shapes.zip", resolution, labels=True)


def _trained(images: ImageSet, request: RecipeRequest) -> Checkpoint:
    device = best_device()
    recipe = resolve(request, images=len(images), channels=3, classes=images.classes, dtype=best_dtype(device))
    *_, last = train(images, recipe, device=device)
    if last.checkpoint is None:
        raise RuntimeError("the last report carries a checkpoint")
    return last.checkpoint


def _sampled(checkpoint: Checkpoint) -> ImageSet:
    samples = list(Sampler(checkpoint, sha256="", seed=0, device=best_device()).images(range(SAMPLES)))
    classes = checkpoint.recipe.classes
    labels = np.array([classes.index(sample.label or "") for sample in samples])
    return ImageSet(np.stack([s.pixels for s in samples]), labels, classes, tuple(str(s.slot) for s in samples))
