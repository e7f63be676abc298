"""What is kept of a long run: few rows, and curves that look like those of all that was reported."""

import math
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from generation.engine.progress import Progress
from generation.models import GenerationJob
from generation.tasks import reporting

HOURS, EVERY, TOTAL_KIMG = 10, 10.0, 360.0
SECONDS = HOURS * 3600
KILLS = (2 * 3600, 7.5 * 3600)


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(reporting, "time", clock)
    return clock


def loss(seconds: float) -> float:
    """Falls fast in the first minutes, swings slowly later on."""
    return 0.25 + 0.5 * math.exp(-seconds / 600) + 0.05 * math.sin(seconds / 1200)


def progress(seconds: float) -> Progress:
    return Progress(
        kimg=TOTAL_KIMG * seconds / SECONDS, total_kimg=TOTAL_KIMG, seconds=seconds, images_per_second=10.0,
        loss_d=loss(seconds), loss_g=1 - loss(seconds), augment_p=0.1, r_t=0.5, swd=30.0, swd_floor=21.0,
        samples=np.zeros((16, 28, 28, 1), np.uint8), checkpoint=None, done=seconds == SECONDS,
    )  # fmt: skip


@pytest.fixture
def ten_hours(alice, job_of, clock, monkeypatch) -> GenerationJob:
    """A job of ten hours, reported every ten seconds, whose worker is killed twice and goes on a minute earlier."""
    job = job_of(alice)
    recipe = {"resolution": 28, "kimg": TOTAL_KIMG, "classes": [], "pilot": {"images_per_second": 10.0}}
    GenerationJob.objects.filter(pk=job.pk).update(state="running", stage="training", resolved=recipe)
    job = GenerationJob.objects.get()
    output: dict[str, Any] = {}
    claim = SimpleNamespace(task=SimpleNamespace(output=output), advance=output.update)
    seconds, kills = 0.0, list(KILLS)
    reporter = reporting.Reporter(job, claim)
    while seconds < SECONDS:
        seconds, clock.now = seconds + EVERY, clock.now + EVERY
        reporter.report(progress(seconds))
        if kills and seconds >= kills[0]:
            kills.pop(0)
            seconds -= 60
            reporter = reporting.Reporter(job, claim)
    return job


@pytest.mark.slow
def test_ten_hours_leave_few_rows_and_curves_that_look_right(ten_hours):
    assert ten_hours.events.filter(kind="progress").count() > 300
    assert ten_hours.events.count() <= 2000
    rows = [event.payload["data"] for event in ten_hours.events.filter(kind="progress").order_by("number")]
    shown = sorted({row["kimg"]: row["loss_d"] for row in rows}.items())
    assert max(after - before for (before, _), (after, _) in pairwise(shown)) < TOTAL_KIMG / 300
    all_seconds = np.arange(EVERY, SECONDS, EVERY)
    drawn = np.interp(all_seconds * TOTAL_KIMG / SECONDS, *zip(*shown, strict=True))
    reported = np.array([loss(seconds) for seconds in all_seconds])
    assert np.abs(drawn - reported).max() < 0.02 * np.ptp(reported)
    assert shown[-1][0] == TOTAL_KIMG


@pytest.mark.slow
def test_samples_come_densely_at_first(ten_hours):
    kimg = [event.payload["data"]["kimg"] for event in ten_hours.events.filter(kind="preview").order_by("number")]
    assert len(kimg) <= reporting.MAX_PREVIEWS + 2 * len(KILLS)
    gaps = [after - before for before, after in pairwise(kimg)]
    assert sum(gaps[:10]) < 0.2 * sum(gaps[-10:])
