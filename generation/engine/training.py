from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generation.engine.checkpoints import Checkpoint
from generation.engine.config import Recipe, RecipeRequest, resolve
from generation.engine.data import ImageSet
from generation.engine.devices import best_dtype
from generation.engine.metrics.swd import subsample, swd
from generation.engine.pictures import Pixels
from generation.engine.trainer import Trainer

TICK_SECONDS = 0.5
EVALUATIONS = 5
MIN_EVALUATED = 20
MAX_EVALUATED = 500


class TrainingError(Exception):
    """Training cannot go on; the message is for people."""


@dataclass(frozen=True)
class Progress:
    """How far a run is. `seconds` is time spent training, without previews and evaluations.

    `samples` are the averaged generator's images for the same latents each time, uint8 [16 or 36,H,W,C].
    `swd` compares with the held-out images, `swd_floor` is what as many real training images score.
    """

    kimg: float
    total_kimg: float
    seconds: float
    images_per_second: float
    loss_d: float
    loss_g: float
    augment_p: float
    r_t: float
    swd: float | None
    swd_floor: float | None
    samples: Pixels | None
    checkpoint: Checkpoint | None
    done: bool


def images_per_second(
    images: ImageSet, request: RecipeRequest, device: torch.device | str, seconds: float = 5.0, threads: int = 0
) -> float:
    """A pilot: train for about `seconds` with the request's networks and throw the result away.

    `threads` is as in Recipe.
    """
    device = torch.device(device)
    classes = images.classes if request.labels else ()
    dtype = best_dtype(device)
    recipe = resolve(
        request, images=len(images), channels=images.channels, classes=classes, dtype=dtype, threads=threads
    )
    trainer = Trainer(images, recipe, device)
    for _ in range(2):
        trainer.step()
    started, first = time.perf_counter(), trainer.steps
    while time.perf_counter() - started < seconds:
        trainer.step()
    return (trainer.steps - first) * recipe.batch / (time.perf_counter() - started)


def train(
    images: ImageSet,
    recipe: Recipe,
    *,
    device: torch.device | str,
    holdout: ImageSet | None = None,
    resume: Checkpoint | None = None,
    checkpoint_seconds: float = 20.0,
    preview_seconds: float = 5.0,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Train and report about twice a second; leaving the loop stops it.

    Once `stopping` answers true, one more report comes, with a checkpoint.

    What is reported, and when, never changes the weights: a run resumed from any checkpoint ends like one that
    was not stopped, bit for bit on the same CPU. Raises TrainingError where the loss is no longer a number.
    """
    _check_fit(images, recipe)
    trainer = Trainer(images, recipe, torch.device(device))
    if resume is not None:
        trainer.restore(resume)
    judge = _Judge(images, holdout, trainer)
    reporter = _Reporter(
        trainer, float(resume.state["seconds"]) if resume else 0.0, checkpoint_seconds, preview_seconds
    )
    if trainer.finished:
        yield reporter.report(None, judge.floor, last=True)
    while not trainer.finished:
        reporter.run_for(TICK_SECONDS)
        last = trainer.finished or stopping()
        yield reporter.report(judge.score(trainer), judge.floor, last=last)
        if last:
            return


class _Reporter:
    """Runs the trainer in slices and knows what is due; time spent elsewhere does not count."""

    def __init__(self, trainer: Trainer, seconds: float, checkpoint_seconds: float, preview_seconds: float) -> None:
        self.trainer, self.seconds = trainer, seconds
        self.every = {"checkpoint": checkpoint_seconds, "preview": preview_seconds}
        self.last = dict.fromkeys(self.every, time.monotonic())
        self.speed = 0.0
        self.latents, self.labels = preview_inputs(trainer.recipe)

    def run_for(self, seconds: float) -> None:
        started, first = time.perf_counter(), self.trainer.steps
        elapsed = 0.0
        while not elapsed or (elapsed < seconds and not self.trainer.finished):
            self.trainer.step()
            elapsed = time.perf_counter() - started
        self.seconds += elapsed
        speed = (self.trainer.steps - first) * self.trainer.recipe.batch / elapsed
        self.speed = speed if not self.speed else 0.8 * self.speed + 0.2 * speed

    def report(self, score: float | None, floor: float | None, last: bool) -> Progress:
        trainer = self.trainer
        loss_d, loss_g = (float(loss) for loss in trainer.losses)
        if not (math.isfinite(loss_d) and math.isfinite(loss_g)):
            raise TrainingError("Training diverged: a loss is no longer a number.")
        return Progress(
            kimg=trainer.kimg,
            total_kimg=trainer.recipe.kimg,
            seconds=self.seconds,
            images_per_second=self.speed,
            loss_d=loss_d,
            loss_g=loss_g,
            augment_p=trainer.strength.p,
            r_t=trainer.strength.r_t,
            swd=score,
            swd_floor=floor if score is not None else None,
            samples=trainer.samples(self.latents, self.labels) if self._due("preview", last) else None,
            checkpoint=trainer.checkpoint(self.seconds) if self._due("checkpoint", last) else None,
            done=trainer.finished,
        )

    def _due(self, what: str, last: bool) -> bool:
        now = time.monotonic()
        due = last or now - self.last[what] >= self.every[what]
        if due:
            self.last[what] = now
        return due


class _Judge:
    """Scores the averaged generator against held-out images a few times in a run."""

    def __init__(self, images: ImageSet, holdout: ImageSet | None, trainer: Trainer) -> None:
        random = np.random.default_rng(trainer.recipe.seed)
        unseen = holdout.pixels if holdout is not None else images.pixels[:0]
        self.real = subsample(unseen, min(len(unseen), len(images), MAX_EVALUATED), random)
        self.count = len(self.real) if len(self.real) >= MIN_EVALUATED else 0
        self.floor = swd(self.real, subsample(images.pixels, self.count, random))["avg"] if self.count else None
        self.step = trainer.recipe.kimg / EVALUATIONS
        self.done = int(trainer.kimg / self.step)

    def score(self, trainer: Trainer) -> float | None:
        due = int(trainer.kimg / self.step)
        if not self.count or due == self.done:
            return None
        self.done = due
        return swd(self.real, self._fakes(trainer))["avg"]

    def _fakes(self, trainer: Trainer) -> Pixels:
        latents, labels = preview_inputs(trainer.recipe, self.count)
        parts = [slice(first, first + 64) for first in range(0, self.count, 64)]
        return np.concatenate([trainer.samples(latents[p], None if labels is None else labels[p]) for p in parts])


def preview_inputs(recipe: Recipe, count: int = 0) -> tuple[Tensor, Tensor | None]:
    """Fixed latents [count,L] and, for a labelled recipe, labels in turn [count]; by default a square grid's worth."""
    count = count or (36 if recipe.resolution <= 64 else 16)
    random = torch.Generator().manual_seed(recipe.seed)
    latents = torch.randn(count, recipe.latent_dim, generator=random)
    return latents, torch.arange(count) % len(recipe.classes) if recipe.classes else None


def _check_fit(images: ImageSet, recipe: Recipe) -> None:
    if images.pixels.shape[1:] != (recipe.resolution, recipe.resolution, recipe.channels):
        raise ValueError(f"images are {images.pixels.shape[1:]}, the recipe wants {recipe.resolution} px")
    if recipe.classes and images.classes != recipe.classes:
        raise ValueError("the images' classes are not the recipe's")
