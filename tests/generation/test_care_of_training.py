"""A job whose training goes wrong, or is stopped, ends well: with images, and with the reason in plain words."""

import math
from dataclasses import replace

import pytest
import torch
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import translation

from generation import jobs, notes
from generation.engine import care
from generation.engine.trainer import Trainer
from generation.tasks import handover, train

from .conftest import TINY

pytestmark = pytest.mark.usefixtures("transactional_db", "valkey")


@pytest.fixture(autouse=True)
def short_pilot(monkeypatch):
    monkeypatch.setattr(train, "pilot_seconds", lambda *args: 0.1)


@pytest.fixture
def poison(monkeypatch):
    """poison(3, 6): a weight is no number any more after these steps."""
    step = Trainer.step

    def start(*steps):
        def poisoning(trainer):
            step(trainer)
            if trainer.steps in steps:
                trainer.generator.root.weight.data.view(-1)[0] = math.nan

        monkeypatch.setattr(Trainer, "step", poisoning)

    return start


def trained(alice, drawn_set, run_all):
    job = jobs.submit(alice, drawn_set(alice), count=10, request=TINY, seed=7)
    run_all()
    job.refresh_from_db()
    return job


def told(job):
    return [event.payload["data"] for event in job.events.filter(kind="note")]


def test_a_job_goes_back_and_tells_it(alice, drawn_set, run_all, poison):
    poison(3)
    job = trained(alice, drawn_set, run_all)
    assert (job.state, job.reason) == ("succeeded", "")
    back, delivers = told(job)
    assert (back["code"], back["back_to"], delivers["code"]) == ("not-finite", 0.064, "delivers-last")
    assert job.dataset.count == 10


def test_the_third_time_the_job_delivers_its_best_with_the_reason(alice, drawn_set, run_all, poison, browser_of):
    poison(3, 5, 7)
    job = trained(alice, drawn_set, run_all)
    assert (job.state, job.dataset.count) == ("succeeded", 10)
    assert job.reason == notes.WORDS["gave-up-not-finite"]
    assert [note["code"] for note in told(job)][-2:] == ["gave-up-not-finite", "delivers-last"]
    assert job.generator.metrics["best_kimg"] < job.generator.metrics["kimg"] < TINY.kimg
    assert (
        "the calculation broke down for the third time"
        in browser_of(alice).get(job.get_absolute_url()).content.decode()
    )


def test_the_reason_outlives_a_worker_that_fails_after_training(alice, drawn_set, run_all, poison, monkeypatch):
    poison(3, 5, 7)
    with monkeypatch.context() as patch:
        patch.setattr(handover, "hand_over", lambda *args: 1 / 0)
        job = trained(alice, drawn_set, run_all)
    job.tasks.update(not_before=None)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.reason) == ("succeeded", notes.WORDS["gave-up-not-finite"])
    assert len(told(job)) == 4


def test_a_checkpoint_of_other_images_fails_the_job_with_the_reason(alice, drawn_set, run_all, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(handover, "hand_over", lambda *args: 1 / 0)
        job = trained(alice, drawn_set, run_all)
    key = job.tasks.get().output["checkpoint"]
    begun = handover.load(key)
    other = replace(begun, state={**begun.state, "images": "others"})
    default_storage.delete(key)
    default_storage.save(key, ContentFile(other.to_bytes()))
    job.tasks.update(not_before=None)
    run_all()
    job.refresh_from_db()
    assert job.state == "failed"
    assert "belongs to other images" in job.reason


def test_notes_are_told_once(alice, job_of):
    job = job_of(alice)
    for _ in range(2):
        notes.tell(job, "collapse", 1.5, {"back_to": 1.0})
    notes.tell(job, "collapse", 2.5, {"back_to": 1.0})
    assert [note["kimg"] for note in told(job)] == [1.5, 2.5]


def test_every_note_has_words(alice, job_of, browser_of):
    with translation.override("en"):
        for words in notes.WORDS.values():
            assert words % {"back_to": 1, "best_kimg": 2}
    page = browser_of(alice).get(job_of(alice).get_absolute_url())
    assert set(page.context["words"]["notes"]) == set(notes.WORDS)


def test_a_run_that_is_stopped_delivers_its_best_so_far(alice, drawn_set, run_all, monkeypatch):
    monkeypatch.setattr(train, "CHECKPOINT_SECONDS", 0.0)
    kept = {}
    best = iter(["best"] + ["worse"] * 7)
    monkeypatch.setattr(care.guard, "is_best", lambda condition, evaluation, first: next(best) == "best")
    keep = train.Keeper.keep

    def stop_late(keeper, progress, **how):
        keep(keeper, progress, **how)
        if progress.kimg >= 0.16 and not kept:
            kept["job"] = keeper.job
            jobs.stop(keeper.job)

    monkeypatch.setattr(train.Keeper, "keep", stop_late)
    monkeypatch.setattr(train.training, "TICK_SECONDS", 0.0)
    monkeypatch.setattr("generation.tasks.watching.POLL_SECONDS", 0.0)
    monkeypatch.setattr(care.Caretaker, "prefers_snapshot", property(lambda caretaker: caretaker.snapshot is not None))
    job = trained(alice, drawn_set, run_all)
    assert job.state == "succeeded"
    assert job.generator.metrics["best_kimg"] == 0.032
    assert job.generator.metrics["kimg"] >= 0.16
    generator = torch.load(default_storage.open(job.generator.checkpoint_key), weights_only=True)
    assert generator["kimg"] == 0.032
