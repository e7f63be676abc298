import itertools
import math

import numpy as np
import pytest
import torch

from generation.engine import training, validation
from generation.engine.checkpoints import CheckpointError
from generation.engine.config import RecipeRequest
from generation.engine.data import split_holdout
from generation.engine.training import TrainingError, images_per_second, train

LABELLED = RecipeRequest("quick", 32, kimg=0.16, labels=True)
PAPER = RecipeRequest("paper", 32, kimg=0.16)


@pytest.fixture(autouse=True)
def few_compared(monkeypatch):
    monkeypatch.setattr(validation, "MOST_COMPARED", 24)


@pytest.fixture
def every_step(monkeypatch):
    monkeypatch.setattr(training, "TICK_SECONDS", 0.0)


def final(progress):
    *_, last = progress
    return last


def same_tensors(one, other):
    return one.tensors.keys() == other.tensors.keys() and all(
        torch.equal(one.tensors[key], other.tensors[key]) for key in one.tensors
    )


@pytest.mark.parametrize("request_", [LABELLED, PAPER], ids=["quick", "paper"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_resumed_run_ends_bit_for_bit_like_an_undisturbed_one(shapes, tiny, every_step, request_, dtype):
    recipe = tiny(request_, augment_start=0.5, dtype=dtype) if request_ is LABELLED else tiny(request_, dtype=dtype)
    undisturbed = final(train(shapes, recipe, device="cpu")).checkpoint
    steps = train(shapes, recipe, device="cpu", checkpoint_seconds=0.0)
    stopped = next(itertools.islice(steps, 4, None)).checkpoint
    steps.close()
    assert 0 < stopped.kimg < recipe.kimg
    resumed = final(train(shapes, recipe, device="cpu", resume=stopped)).checkpoint
    assert same_tensors(resumed, undisturbed)
    assert resumed.state["augment_p"] == undisturbed.state["augment_p"]


def test_reports_do_not_change_the_weights(shapes, tiny, every_step):
    images, holdout = split_holdout(shapes, 0)
    quiet = final(train(images, tiny(), device="cpu", holdout=holdout)).checkpoint
    chatty = train(images, tiny(), device="cpu", holdout=holdout, checkpoint_seconds=0, preview_seconds=0)
    assert same_tensors(final(chatty).checkpoint, quiet)


def test_another_seed_trains_another_generator(shapes, tiny):
    one, other = (final(train(shapes, tiny(seed=seed), device="cpu")).checkpoint for seed in (0, 1))
    assert not same_tensors(one, other)


def test_every_tensor_of_both_networks_learns(shapes, tiny, every_step):
    steps = list(train(shapes, tiny(LABELLED), device="cpu", checkpoint_seconds=0.0))
    first, last = steps[0].checkpoint, steps[-1].checkpoint
    for part in ("generator", "discriminator", "ema"):
        before, after = first.part(part), last.part(part)
        assert all(not torch.equal(before[key], after[key]) for key in before), part


def test_the_average_lies_between_where_the_weights_were(shapes, tiny):
    recipe = tiny(ema_halflife_kimg=0.1)
    last = final(train(shapes, recipe, device="cpu")).checkpoint
    assert not torch.equal(last.tensors["ema/root.weight"], last.tensors["generator/root.weight"])


def test_the_paper_keeps_the_last_weights(shapes, tiny):
    last = final(train(shapes, tiny(PAPER), device="cpu")).checkpoint
    assert all(torch.equal(value, last.part("ema")[key]) for key, value in last.part("generator").items())


def test_the_last_report_is_complete(shapes, tiny):
    images, holdout = split_holdout(shapes, 0)
    recipe = tiny()
    last = final(train(images, recipe, device="cpu", holdout=holdout))
    assert last.done
    assert last.kimg == pytest.approx(recipe.kimg)
    assert last.samples.shape == (36, 32, 32, 3)
    assert last.samples.dtype == np.uint8
    assert last.checkpoint.kimg == last.kimg
    assert last.swd > last.swd_floor > 0
    assert last.seconds > 0 < last.images_per_second
    assert all(math.isfinite(value) for value in (last.loss_d, last.loss_g, last.augment_p, last.r_t))


def test_stopping_ends_with_a_checkpoint_to_go_on_from(shapes, tiny, every_step):
    reports = list(train(shapes, tiny(), device="cpu", stopping=lambda: True))
    assert len(reports) == 1
    assert not reports[0].done
    assert reports[0].checkpoint is not None
    assert reports[0].samples is not None


def test_a_finished_run_resumes_to_one_last_report(shapes, tiny):
    finished = final(train(shapes, tiny(), device="cpu")).checkpoint
    (again,) = train(shapes, tiny(), device="cpu", resume=finished)
    assert again.done
    assert same_tensors(again.checkpoint, finished)


def test_another_recipes_checkpoint_is_refused(shapes, tiny):
    finished = final(train(shapes, tiny(), device="cpu")).checkpoint
    with pytest.raises(CheckpointError, match="another recipe"):
        next(train(shapes, tiny(seed=1), device="cpu", resume=finished))


def test_a_checkpoint_is_refused_with_other_images(shapes, tiny):
    finished = final(train(shapes, tiny(), device="cpu")).checkpoint
    others = shapes.subset(range(1, len(shapes)))
    with pytest.raises(CheckpointError, match="other images"):
        next(train(others, tiny(), device="cpu", resume=finished))


def test_images_of_another_size_are_refused(shapes, tiny):
    with pytest.raises(ValueError, match="the recipe wants 64 px"):
        next(train(shapes, tiny(RecipeRequest("quick", 64)), device="cpu"))


def test_divergence_is_told(shapes, tiny):
    with pytest.raises(TrainingError, match="diverged"):
        final(train(shapes, tiny(lr_d=1e30, kimg=1.0), device="cpu"))


def test_training_leaves_the_global_random_state_alone(shapes, tiny):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    final(train(shapes, tiny(), device="cpu"))
    assert torch.equal(torch.rand(1), expected)


def test_the_pilot_measures_a_speed(shapes):
    assert 1 < images_per_second(shapes, RecipeRequest("quick", 32), "cpu", seconds=0.2) < 1e6
