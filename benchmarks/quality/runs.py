"""Trained generators to be judged, kept under var/ so that hours of training are spent once."""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.sets import SETS, real_images, test_images
from generation.engine.checkpoints import Checkpoint
from generation.engine.config import Recipe, RecipeRequest, resolve
from generation.engine.data import ImageSet, split_holdout
from generation.engine.devices import best_dtype
from generation.engine.metrics.features import Pixels
from generation.engine.sampling import Sampler
from generation.engine.trainer import Trainer
from generation.engine.training import train

KEPT = Path(__file__).parents[2] / "var" / "bench" / "quality"
CPU = torch.device("cpu")
MARK = 10.0


@dataclass(frozen=True)
class Split:
    """One set, split once: images to train on, and others that only the judge sees."""

    name: str
    images: ImageSet
    unseen: Pixels

    @classmethod
    def of(cls, name: str, sources: int) -> Split | None:
        """None where the set is not there."""
        everything = real_images(name)
        if everything is None:
            return None
        order = np.random.default_rng(0).permutation(len(everything))
        unseen, more = everything.pixels[order[sources:]], test_images(name)
        unseen = unseen if more is None else np.concatenate([unseen, more])
        return cls(name, everything.subset(np.sort(order[:sources])), unseen)

    @property
    def resolution(self) -> int:
        return SETS[self.name]

    def recipe(self, preset: str, seed: int, kimg: float | None = None) -> Recipe:
        request = RecipeRequest(preset, self.resolution, kimg=kimg, seed=seed)
        channels, dtype = self.images.channels, best_dtype(CPU)
        return resolve(request, images=len(self.images), channels=channels, dtype=dtype, threads=1)


@dataclass(frozen=True)
class Trained:
    """A generator, and how much longer its run took than its training steps alone."""

    generator: Checkpoint
    overhead: float = 1.0

    def samples(self, count: int) -> Pixels:
        sampler = Sampler(self.generator, sha256="", seed=0, device=CPU)
        return np.stack([sample.pixels for sample in sampler.images(range(count))])


def delivered(split: Split, preset: str, seed: int, kimg: float) -> Trained:
    """What a job of the preset delivers after `kimg`; it sets images aside for its own validation, as jobs do."""
    recipe = split.recipe(preset, seed, kimg)
    path = _place(split, recipe)
    notes = path.with_suffix(".json")
    if not notes.exists():
        images, holdout = split_holdout(split.images, seed)
        started = time.perf_counter()
        # Not all of them: reports carry checkpoints.
        (last,) = deque(train(images, recipe, device=CPU, holdout=holdout), maxlen=1)
        wall = time.perf_counter() - started
        if last.checkpoint is None:
            raise RuntimeError("the last report carries a checkpoint")
        _keep(last.checkpoint, path)
        notes.write_text(json.dumps({"overhead": wall / last.seconds, "best_kimg": last.best_kimg}))
    return Trained(Checkpoint.load(path), json.loads(notes.read_text())["overhead"])


def after(split: Split, preset: str, seed: int, kimg: float) -> Trained:
    """The averaged generator of one long run on all images after `kimg`, a multiple of MARK.

    That of each mark is kept, and a run that was cut goes on from its last.
    """
    recipe = split.recipe(preset, seed, kimg)
    marks = [MARK * number for number in range(1, round(kimg / MARK) + 1)]
    paths = [_place(split, replace(recipe, kimg=mark)) for mark in marks]
    if not all(path.exists() for path in paths):
        trainer, whole = Trainer(split.images, recipe, CPU), _place(split, recipe).with_suffix(".whole")
        if whole.exists():
            trainer.restore(Checkpoint.load(whole))
        for mark, path in zip(marks, paths, strict=True):
            if trainer.kimg < mark:
                _train_until(mark, trainer, whole, path)
        whole.unlink(missing_ok=True)
    return Trained(Checkpoint.load(paths[-1]))


def _train_until(mark: float, trainer: Trainer, whole: Path, path: Path) -> None:
    while trainer.kimg < mark:
        trainer.step()
    _keep(trainer.checkpoint(0.0), path)
    trainer.checkpoint(0.0).save(whole)


def _keep(checkpoint: Checkpoint, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.generator_only().save(path)


def _place(split: Split, recipe: Recipe) -> Path:
    content = hashlib.sha256(split.images.pixels.tobytes() + json.dumps(recipe.to_dict()).encode())
    kimg = f"{recipe.kimg:g}kimg"
    return KEPT / f"{split.name}-{recipe.preset}-{recipe.seed}-{kimg}-{content.hexdigest()[:12]}.pt"
