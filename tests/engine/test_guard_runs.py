"""Runs that are really made to fail."""

import math
from dataclasses import replace

import pytest
import torch

from generation.engine import care, guard
from generation.engine.config import RecipeRequest
from generation.engine.data import split_holdout
from generation.engine.trainer import Trainer
from generation.engine.training import TrainingError, train

pytestmark = pytest.mark.usefixtures("quick_looks")
RUN = RecipeRequest("quick", 32, kimg=0.64)


@pytest.fixture
def meddle(monkeypatch):
    """meddle(act): from here on `act(trainer)` happens after each step."""
    step = Trainer.step

    def start(act):
        monkeypatch.setattr(Trainer, "step", lambda trainer: (step(trainer), act(trainer)))

    return start


def poison(*steps):
    def act(trainer):
        if trainer.steps in steps:
            with torch.no_grad():
                next(trainer.generator.parameters()).fill_(math.nan)

    return act


def alike(trainer):
    """A generator that draws one image whatever the latents."""
    with torch.no_grad():
        for net in (trainer.generator, trainer.ema):
            for name, weight in net.named_parameters():
                if weight.dim() == 2 or name.startswith("root"):
                    weight.zero_()


def followed(reports):
    reports = list(reports)
    return reports[-1], [note for report in reports for note in report.notes]


def codes(notes):
    return [note.code for note in notes]


def test_a_poisoned_weight_sends_the_run_back_to_its_best(shapes, tiny, meddle):
    images, holdout = split_holdout(shapes, 0)
    meddle(poison(12))
    last, notes = followed(train(images, tiny(RUN), device="cpu", holdout=holdout))
    assert codes(notes) == ["not-finite", "delivers-best"]
    (back, delivered) = (dict(note.numbers) for note in notes)
    assert (back["strike"], back["lr_factor"]) == (1, 0.5)
    assert 0 < back["back_to"] < notes[0].kimg == 0.24
    assert last.done
    assert delivered["best_kimg"] == last.best_kimg
    assert all(value.isfinite().all() for value in last.checkpoint.part("ema").values())


def test_the_third_poisoning_ends_the_run_with_its_best(shapes, tiny, meddle):
    images, holdout = split_holdout(shapes, 0)
    meddle(poison(12, 19, 26))
    last, notes = followed(train(images, tiny(RUN), device="cpu", holdout=holdout))
    assert codes(notes) == ["not-finite", "not-finite", "gave-up-not-finite", "delivers-best"]
    assert last.done
    assert last.kimg < last.total_kimg
    assert all(math.isfinite(value) for value in (last.loss_d, last.loss_g, last.r_t))
    assert all(value.isfinite().all() for value in last.checkpoint.part("ema").values())
    assert last.checkpoint.generator_only().kimg == last.best_kimg <= 0.4


def test_nothing_is_delivered_where_nothing_was_ever_sound(shapes, tiny):
    with pytest.raises(TrainingError, match="diverged"):
        followed(train(shapes, tiny(RUN, lr_d=1e30), device="cpu"))


def test_an_absurd_learning_rate_is_divergence(shapes, tiny, meddle, monkeypatch):
    monkeypatch.setattr(care, "READ_EVERY", 1)

    def rush(trainer):
        if trainer.steps == 20:
            trainer.recipe = replace(trainer.recipe, lr_d=0.5)

    meddle(rush)
    last, notes = followed(train(shapes, tiny(replace(RUN, kimg=1.28)), device="cpu"))
    assert codes(notes)[0] == "divergence"
    assert codes(notes)[-2:] == ["gave-up-divergence", "delivers-last"]
    assert last.best_kimg <= 0.32


def test_a_generator_that_collapses_is_found(shapes, tiny, meddle, monkeypatch):
    monkeypatch.setattr(guard, "GRACE_KIMG", 0.0)
    monkeypatch.setattr(guard, "GRACE_EVALUATIONS", 1)
    images, holdout = split_holdout(shapes, 0)
    meddle(lambda trainer: alike(trainer) if trainer.steps > 5 else None)
    last, notes = followed(train(images, tiny(RUN), device="cpu", holdout=holdout))
    assert codes(notes) == ["collapse", "collapse", "gave-up-collapse", "delivers-best"]
    assert last.best_kimg == 0.08


def test_an_oversized_discriminator_on_a_tiny_set_overfits_and_is_restrained(shapes, tiny):
    images, holdout = shapes.subset(range(0, 240, 5)), shapes.subset(range(1, 240, 5))
    recipe = tiny(replace(RUN, kimg=10.0), widths=(32, 32, 32), lr_d=5e-3, augmentation=(), r1_gamma=1e-4)
    _, notes = followed(train(images, recipe, device="cpu", holdout=holdout))
    restrained = [note for note in notes if note.code == "overfitting"]
    assert restrained
    assert restrained[0].numbers["gamma_factor"] == 2.0
    assert restrained[0].numbers["r_v"] > guard.MOST_R_V


def test_the_plain_recipe_is_left_alone_but_for_what_is_no_number(shapes, tiny, meddle):
    meddle(alike)
    recipe = tiny(RecipeRequest("paper", 32, kimg=0.64))
    assert followed(train(shapes, recipe, device="cpu"))[1] == []
    meddle(poison(20))
    assert codes(followed(train(shapes, recipe, device="cpu"))[1]) == ["not-finite"]
