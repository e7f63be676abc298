"""Scores the averaged generator, and how well the discriminator knows what it learnt, a few times in a run."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from generation.engine.config import Recipe
from generation.engine.data import ImageSet
from generation.engine.guard import Evaluation
from generation.engine.metrics.encoder import describe
from generation.engine.metrics.features import Floats
from generation.engine.metrics.likeness import distances, kid
from generation.engine.metrics.similar import similar_rate, usual_reach
from generation.engine.metrics.swd import subsample, swd
from generation.engine.pictures import Pixels, to_tensor
from generation.engine.trainer import Trainer

# Few enough to cost under a twentieth of the time of training.
MOST_COMPARED = 200
LEAST_COMPARED = 20
# Scores of learnt and of generated images nearer than this share of the targets' distance say nothing about r_v.
LEAST_APART = 0.1


class Judge:
    """Everything it draws at random depends on the recipe's seed alone, so a resumed run is judged the same way."""

    def __init__(self, images: ImageSet, holdout: ImageSet | None, recipe: Recipe) -> None:
        random = np.random.default_rng(recipe.seed)
        self.learnt = _some(images, MOST_COMPARED, random)
        unseen = holdout if holdout is not None and len(holdout) >= LEAST_COMPARED else None
        self.unseen = None if unseen is None else _some(unseen, min(len(self.learnt), MOST_COMPARED), random)
        self.count = len(self.learnt)
        learnt = describe(self.learnt.pixels)
        self.spread, self.reach = _spread(learnt), usual_reach(learnt)
        self.floor = None
        if self.unseen is not None:
            self.unseen_rows = describe(self.unseen.pixels)
            others = subsample(self.learnt.pixels, len(self.unseen), random)
            self.floor = swd(self.unseen.pixels, others)["avg"]

    def evaluate(self, trainer: Trainer) -> Evaluation:
        fakes = self._fakes(trainer)
        rows = describe(fakes)
        r_v, error = self._r_v(trainer, fakes)
        score, distance = self._score(fakes, rows)
        return Evaluation(
            score=score,
            diversity=_spread(rows) / max(self.spread, 1e-9),
            twins=similar_rate(rows, self.reach),
            r_v=r_v,
            r_v_error=error,
            r_t=trainer.strength.r_t,
            kimg=trainer.kimg,
            swd=distance,
            swd_floor=self.floor,
        )

    def _score(self, fakes: Pixels, rows: Floats) -> tuple[float | None, float | None]:
        """How far SWD lies above its floor, in floors, and the root of KID: textures and contents."""
        if self.unseen is None or self.floor is None:
            return None, None
        distance = swd(self.unseen.pixels, fakes)["avg"]
        apart = math.sqrt(max(0.0, kid(self.unseen_rows, rows).value))
        return max(0.0, distance / max(self.floor, 1e-9) - 1) + apart, distance

    def _r_v(self, trainer: Trainer, fakes: Pixels) -> tuple[float | None, float]:
        """r_v of Karras et al. (2020) and its standard error; 0 while the discriminator tells nothing apart."""
        if self.unseen is None or not trainer.recipe.guarded:
            return None, 0.0
        learnt, unseen = (_scores(trainer, images) for images in (self.learnt, self.unseen))
        labels = preview_inputs(trainer.recipe, len(fakes))[1]
        generated = _scores(trainer, ImageSet(fakes, None if labels is None else labels.numpy(), (), ()))
        apart = float(learnt.mean() - generated.mean())
        if not apart > LEAST_APART * (trainer.recipe.b - trainer.recipe.a):
            return 0.0, 0.0
        error = math.sqrt(float(learnt.var() / len(learnt) + unseen.var() / len(unseen)))
        return float(learnt.mean() - unseen.mean()) / apart, error / apart

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


def _scores(trainer: Trainer, images: ImageSet) -> Tensor:
    """The discriminator's, on the CPU, in double precision: [N]. Without augmentation, the same at each evaluation."""
    parts = []
    for first in range(0, len(images), 64):
        labels = None if images.labels is None else torch.from_numpy(images.labels[first : first + 64])
        parts.append(trainer.scores_of(to_tensor(images.pixels[first : first + 64]), labels))
    return torch.cat(parts).cpu().double()


def _some(images: ImageSet, count: int, random: np.random.Generator) -> ImageSet:
    return images.subset(np.sort(random.permutation(len(images))[:count]))


def _spread(rows: Floats) -> float:
    """The mean distance between two rows."""
    return float(distances(rows, rows).sum() / (len(rows) * (len(rows) - 1)))
