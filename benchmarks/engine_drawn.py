"""The drawn set, preset quick, labels on: time, SWD and the share of samples that a classifier names as intended.

python -m benchmarks.engine_drawn [--images 1200] [--resolution 32] [--sheet FILE]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

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

SAMPLES = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1200)
    parser.add_argument("--resolution", type=int, default=32)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    images, holdout = split_holdout(_drawn(options.images, options.resolution, seed=0), seed=0)
    request = RecipeRequest("quick", options.resolution, labels=True)
    started = time.perf_counter()
    checkpoint = _trained(images, request)
    print(f"training: {time.perf_counter() - started:.0f} s for {checkpoint.kimg:.0f} kimg")
    samples = _sampled(checkpoint)
    classifier = Classifier(_drawn(3000, options.resolution, seed=1))
    print(f"classifier on held-out drawings: {classifier.accuracy(holdout):.3f}")
    print(f"samples named as intended: {classifier.accuracy(samples):.3f} (bar 0.80)")
    real, fake = holdout.pixels, samples.pixels[: len(holdout)]
    print(f"SWD: {swd(real, fake)['avg']:.1f}, floor {swd(real, images.pixels[: len(real)])['avg']:.1f}, n {len(fake)}")
    if options.sheet:
        save_sheet(samples.pixels[:96], options.sheet, columns=12)


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


if __name__ == "__main__":
    main()
