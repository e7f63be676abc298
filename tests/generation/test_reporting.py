"""What a job tells of itself at each stage: how far it is, and how long it still takes."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from generation import events, jobs
from generation.engine.metrics.reach import QUANTILE
from generation.models import GenerationJob
from generation.remaining import LATER
from generation.tasks import reporting, train
from generation.views.jobs import COUNTED_WORDS, DOING_WORDS, REAL_COPIES

from .conftest import TINY


@pytest.fixture
def story(transactional_db, valkey, monkeypatch, alice, drawn_set, run_all) -> list[events.Message]:
    """All that a job told, ticks among it."""
    monkeypatch.setattr(train, "pilot_seconds", lambda *asked: 0.1)
    monkeypatch.setattr(reporting, "TELL_SECONDS", 0.05)
    ticks = []
    monkeypatch.setattr(events, "tick", lambda job, data: ticks.append((job.stage, data)))
    job = jobs.submit(alice, drawn_set(alice), count=100, request=TINY, seed=7)
    run_all()
    job.refresh_from_db()
    assert job.state == "succeeded"
    return ticks + [(event.payload["stage"], event.payload["data"]) for event in job.events.all()]


def test_every_stage_tells_how_long_the_job_still_takes(story):
    spans = {stage: data["seconds_left"] for stage, data in story if data.get("seconds_left")}
    assert {"training", *LATER} <= set(spans)
    assert all(0 < low < high <= 1.6 * low for low, high in spans.values())
    # Of the first report on, with the stages that follow in it.
    assert spans["packing"][1] < next(data["seconds_left"][0] for stage, data in story if stage == "training" and data)


def test_sampling_tells_how_many_came_too_near_to_a_source_image(story):
    done = [data for stage, data in story if stage == "sampling" and data.get("made")]
    assert done[-1]["made"] == 100
    assert 0 <= done[-1]["rejected"] <= 100
    assert (done[-1]["done"], done[-1]["of"], done[-1]["fraction"]) == (100, 100, 1.0)


def stage_after(monkeypatch, seconds: float, **figures: int) -> reporting.Stage:
    """One that was expected to take 10 s and has taken so long."""
    clock = SimpleNamespace(monotonic=lambda: seconds)
    monkeypatch.setattr(reporting, "time", clock)
    stage = reporting.Stage("sampling", expected=10.0, began=0.0)
    if figures:
        stage.see(**figures, figures={})
    return stage


def test_before_anything_is_counted_the_expectation_counts_down(monkeypatch):
    assert stage_after(monkeypatch, 4.0).left == 6.0


def test_what_is_counted_outweighs_the_expectation(monkeypatch):
    stage = stage_after(monkeypatch, 2.0, done=0, of=1000)
    monkeypatch.setattr(reporting, "time", SimpleNamespace(monotonic=lambda: 52.0))
    stage.see(500, 1000, {})
    assert stage.left == pytest.approx(500 * (50 + 50 * 0.008) / 550)
    assert stage.shown["images_per_second"] == pytest.approx(550 / 50.4, abs=0.1)


@pytest.mark.django_db
def test_the_time_a_worker_takes_to_come_belongs_to_the_stage(job_of, alice):
    job = job_of(alice)
    assert reporting.since_stage(job) == 0.0
    event = events.record(job, "stage", {}, stage="sampling")
    job.events.filter(pk=event.pk).update(created_at=timezone.now() - timedelta(seconds=4))
    assert 4.0 <= reporting.since_stage(job) < 6.0
    job.events.filter(pk=event.pk).update(created_at=timezone.now() - timedelta(hours=4))
    assert reporting.since_stage(job) == reporting.WORKER_COMES


def test_the_page_has_words_for_every_stage():
    assert set(DOING_WORDS) == set(GenerationJob.Stage.values)
    assert set(COUNTED_WORDS) == {"sampling", "screening", "packing"}


def test_the_line_of_real_images_is_where_the_detector_draws_its_limit():
    assert REAL_COPIES == QUANTILE
