from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import torch

from generation.engine.care import Caretaker
from generation.engine.checkpoints import Checkpoint
from generation.engine.config import Recipe, RecipeRequest, resolve
from generation.engine.data import ImageSet
from generation.engine.devices import best_dtype, wait_for
from generation.engine.progress import Note, Progress
from generation.engine.teams import ALONE, Team
from generation.engine.trainer import Trainer
from generation.engine.validation import preview_inputs

__all__ = ["Note", "Progress", "TrainingError", "images_per_second", "preview_inputs", "train"]

TICK_SECONDS = 0.5


class TrainingError(Exception):
    """Training cannot go on, and there is nothing to deliver; the message is for people."""


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
    wait_for(device)
    started, first = time.perf_counter(), trainer.steps
    while time.perf_counter() - started < seconds:
        trainer.step()
    wait_for(device)
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
    team: Team = ALONE,
) -> Iterator[Progress]:
    """Train and report about twice a second; leaving the loop stops it.

    Once `stopping` answers true, one more report comes, with a checkpoint. The last report of a run that came to its
    end, by itself or because it was unwell for the third time, is `done`: in its checkpoint the part "ema" is the
    generator to deliver, the best by `holdout` unless the recipe says otherwise or fewer than 20 are held out.

    What is reported, and when, never changes the weights: a run resumed from any checkpoint with the same images and
    hold-out ends like one that was not stopped, bit for bit on the same CPU. Raises CheckpointError where `resume`
    belongs to another run, and TrainingError where training broke down before there was anything to deliver.

    In a team all processes call this, with the same images and recipe; only the leader's reports.
    """
    _check_fit(images, recipe)
    trainer = Trainer(images, recipe, torch.device(device), team)
    care = Caretaker(trainer, images, holdout)
    if resume is not None:
        care.restore(resume)
    if team.follows:
        while team.goes_on():
            trainer.step()
            care.look()
        return
    seconds = float(resume.state["seconds"]) if resume else 0.0
    reporter = _Reporter(trainer, care, seconds, checkpoint_seconds, preview_seconds)
    try:
        yield from _led(reporter, stopping)
    finally:
        team.end()


def _led(reporter: _Reporter, stopping: Callable[[], bool]) -> Iterator[Progress]:
    care = reporter.care
    while not care.finished:
        reporter.run_for(TICK_SECONDS)
        if care.finished:
            break
        last = stopping()
        yield reporter.report(last)
        if last:
            return
    if not care.deliver():
        raise TrainingError(f"Training diverged ({care.condition.given_up}): there is no sound generator to keep.")
    yield reporter.report(last=True)


class _Reporter:
    """Runs the trainer in slices and knows what is due; time spent elsewhere does not count."""

    def __init__(
        self, trainer: Trainer, care: Caretaker, seconds: float, checkpoint_seconds: float, preview_seconds: float
    ) -> None:
        self.trainer, self.care, self.seconds = trainer, care, seconds
        self.every = {"checkpoint": checkpoint_seconds, "preview": preview_seconds}
        self.last = dict.fromkeys(self.every, time.monotonic())
        self.speed = 0.0
        self.losses = {"loss_d": 0.0, "loss_g": 0.0, "r_t": 0.0}
        self.latents, self.labels = preview_inputs(trainer.recipe)

    def run_for(self, seconds: float) -> None:
        first, evaluating = self.trainer.steps, self.care.seconds
        started = time.perf_counter()
        elapsed = 0.0
        while not elapsed or (elapsed < seconds and not self.care.finished and not self.care.has_news):
            self.trainer.team.go()
            self.trainer.step()
            self.care.look()
            elapsed = time.perf_counter() - started - (self.care.seconds - evaluating)
        self.seconds += elapsed
        speed = (self.trainer.steps - first) * self.trainer.recipe.batch / elapsed
        self.speed = speed if not self.speed else 0.8 * self.speed + 0.2 * speed

    def report(self, last: bool) -> Progress:
        trainer, care = self.trainer, self.care
        seen, notes = care.evaluation, tuple(care.notes)
        care.evaluation = None
        care.notes.clear()
        return Progress(
            kimg=trainer.kimg,
            total_kimg=trainer.recipe.kimg,
            seconds=self.seconds,
            images_per_second=self.speed,
            augment_p=trainer.strength.p,
            **self._losses(),
            swd=seen.swd if seen else None,
            swd_floor=seen.swd_floor if seen else None,
            samples=trainer.samples(self.latents, self.labels) if self._due("preview", last) else None,
            checkpoint=self._checkpoint(last),
            done=care.finished,
            notes=notes,
            best_kimg=care.generator_kimg,
            r_v=seen.r_v if seen else None,
        )

    def _losses(self) -> dict[str, float]:
        """The newest that are numbers: a run that breaks down is soon told so by a note."""
        loss_d, loss_g = (float(loss) for loss in self.trainer.losses)
        newest = {"loss_d": loss_d, "loss_g": loss_g, "r_t": self.trainer.strength.r_t}
        self.losses |= {name: value for name, value in newest.items() if math.isfinite(value)}
        return self.losses

    def _checkpoint(self, last: bool) -> Checkpoint | None:
        """None too while there is nothing sound to deliver: no file whose generator draws nothing."""
        if not self._due("checkpoint", last):
            return None
        sound = self.care.snapshot is not None or self.trainer.all_finite()
        return self.care.checkpoint(self.seconds) if sound or last else None

    def _due(self, what: str, last: bool) -> bool:
        now = time.monotonic()
        due = last or now - self.last[what] >= self.every[what]
        if due:
            self.last[what] = now
        return due


def _check_fit(images: ImageSet, recipe: Recipe) -> None:
    if images.pixels.shape[1:] != (recipe.resolution, recipe.resolution, recipe.channels):
        raise ValueError(f"images are {images.pixels.shape[1:]}, the recipe wants {recipe.resolution} px")
    if recipe.classes and images.classes != recipe.classes:
        raise ValueError("the images' classes are not the recipe's")
