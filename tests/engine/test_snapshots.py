import pytest
import torch

from generation.engine.config import RecipeRequest
from generation.engine.data import split_holdout
from generation.engine.guard import Evaluation
from generation.engine.trainer import Trainer
from generation.engine.training import train
from generation.engine.validation import Judge

pytestmark = pytest.mark.usefixtures("quick_looks")
RUN = RecipeRequest("quick", 32, kimg=0.64)


@pytest.fixture
def scored(monkeypatch):
    """scored(3, 1, 2): what the evaluations will say."""

    def start(*scores):
        said = iter(scores)
        monkeypatch.setattr(Judge, "evaluate", lambda self, trainer: Evaluation(next(said), 1.0, 0.01, swd=30.0))

    return start


def generator(checkpoint):
    return checkpoint.generator_only().part("ema")


def same(one, other):
    return all(torch.equal(one[key], other[key]) for key in other)


def test_the_best_by_held_out_images_is_delivered_not_the_last(shapes, tiny, scored):
    images, holdout = split_holdout(shapes, 0)
    scored(5, 4, 1, 2, 2, 2, 2, 2)
    reports = list(train(images, tiny(RUN), device="cpu", holdout=holdout, checkpoint_seconds=0))
    at_best = next(report.checkpoint for report in reports if report.kimg == 0.24)
    last = reports[-1]
    assert same(last.checkpoint.part("ema"), at_best.part("ema"))
    assert last.checkpoint.state["best_kimg"] == last.best_kimg == last.checkpoint.generator_only().kimg == 0.24
    assert last.notes[-1].numbers == {"best_kimg": 0.24, "score": 1, "swd": 30.0, "swd_floor": None}


def test_a_run_stopped_early_delivers_its_best_so_far_and_can_go_on(shapes, tiny, scored):
    images, holdout = split_holdout(shapes, 0)
    scored(1, 2, 3, 4, 4, 4, 4, 4)
    reports = list(train(images, tiny(RUN), device="cpu", holdout=holdout, checkpoint_seconds=0))
    at_best, stopped = (next(r.checkpoint for r in reports if r.kimg == kimg) for kimg in (0.08, 0.32))
    assert same(generator(stopped), at_best.part("ema"))
    assert not same(stopped.part("ema"), at_best.part("ema"))
    assert (stopped.generator_only().kimg, stopped.kimg) == (0.08, 0.32)


def test_a_run_whose_scores_stay_far_from_its_best_goes_back_to_it(shapes, tiny, scored):
    images, holdout = split_holdout(shapes, 0)
    scored(2, 1, 9, 9, 9, 2, 2, 2)
    reports = list(train(images, tiny(RUN), device="cpu", holdout=holdout, checkpoint_seconds=0))
    (told,) = (report for report in reports if report.notes and not report.done)
    (note,) = told.notes
    assert (note.code, note.kimg, note.numbers["back_to"]) == ("divergence", 0.4, 0.16)
    at_best = next(report.checkpoint for report in reports if report.kimg == 0.16)
    assert same(told.checkpoint.part("discriminator"), at_best.part("discriminator"))
    assert same(told.checkpoint.part("adam_d"), at_best.part("adam_d"))


def test_without_held_out_images_the_last_is_delivered_and_that_is_said(shapes, tiny):
    reports = list(train(shapes, tiny(RUN), device="cpu"))
    assert [note.code for report in reports for note in report.notes] == ["delivers-last"]
    assert reports[-1].best_kimg == reports[-1].kimg


def test_the_paper_delivers_its_last_whatever_the_scores(shapes, tiny, scored):
    images, holdout = split_holdout(shapes, 0)
    scored(1, 2, 3, 4, 5, 6, 7, 8)
    recipe = tiny(RecipeRequest("paper", 32, kimg=0.64))
    last = list(train(images, recipe, device="cpu", holdout=holdout))[-1]
    assert last.best_kimg == last.kimg
    assert same(last.checkpoint.part("ema"), last.checkpoint.part("generator"))


def test_the_score_tells_real_images_from_noise_and_one_image_from_many(shapes, tiny, noise):
    images, holdout = split_holdout(shapes, 0)
    judge, trainer = Judge(images, holdout, tiny()), Trainer(images, tiny(), torch.device("cpu"))
    others = images.pixels[100:124]
    drawn = {"real": others, "noise": noise(24), "one": others[:1].repeat(24, axis=0)}
    seen = {}
    for name, pixels in drawn.items():
        judge._fakes = lambda trainer, pixels=pixels: pixels
        seen[name] = judge.evaluate(trainer)
    assert seen["real"].score < 1 < seen["one"].score < seen["noise"].score
    assert seen["one"].diversity == pytest.approx(0, abs=1e-3)
    assert seen["one"].twins == 1.0
    assert 0.7 < seen["real"].diversity < 1.3
    assert seen["real"].twins < 0.5
