"""What earlier jobs tell of how long the stages of the next one take."""

from datetime import timedelta

import pytest
from django.utils import timezone

from generation import durations, tasks
from generation.engine.config import RecipeRequest, resolve
from generation.models import GenerationJob, Generator, JobEvent
from generation.remaining import KEPT_SECONDS

STAGES = {"preparing": 5.0, "training": 60.0, "sampling": 10.0, "screening": 0.5, "evaluating": 6.0, "packing": 1.0}
RECIPE = resolve(RecipeRequest("quick", 28), images=100, channels=3).to_dict()

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(bare_set):
    """ended(owner, sampling=20.0) is a job that succeeded and whose stages took so long."""

    def make(owner, *, kimg=50.0, seconds=50.0, again="", **changed: float) -> GenerationJob:
        source_set = bare_set(owner, 100)
        generator = Generator.objects.create(
            owner=owner, source_set=source_set, source_fingerprint="f", checkpoint_key="x", sha256="x", size=1,
            recipe=RECIPE, metrics={"kimg": kimg, "seconds": seconds},
        )  # fmt: skip
        job = GenerationJob.objects.create(
            owner=owner, source_set=source_set, generator=generator, count=1000, seed=1, requested={},
            state="succeeded", finished_at=timezone.now(),
        )  # fmt: skip
        mark(job, STAGES | changed, again)
        return job

    return make


def mark(job: GenerationJob, stages: dict[str, float], again: str) -> None:
    at, marks = timezone.now(), []
    for stage, seconds in stages.items():
        marks += [("claimed" if stage == "preparing" else "stage", stage, at)] * (2 if stage == again else 1)
        at += timedelta(seconds=seconds)
    marks.append(("succeeded", "packing", at))
    for number, (kind, stage, when) in enumerate(marks, start=1):
        JobEvent.objects.create(job=job, number=number, kind=kind, payload={"stage": stage, "data": {}})
        JobEvent.objects.filter(job=job, number=number).update(created_at=when)


@pytest.fixture
def expected(bare_set):
    """expected(owner) are the seconds of the stages of a job like those that ended, on a machine as fast as theirs."""

    def ask(owner, count=1000, speed=1000.0) -> dict[str, float]:
        job = GenerationJob.objects.create(
            owner=owner, source_set=bare_set(owner, 100), count=count, seed=1, requested={}
        )
        return durations.outlook(job, RECIPE).ahead(speed)

    return ask


def test_without_earlier_jobs_the_tables_tell(alice, expected):
    slowness = durations.Kind.of(RECIPE).usual_speed / 1000.0
    usual = durations.size(RECIPE, 100, 1000).usual()
    assert expected(alice)["evaluating"] == pytest.approx(slowness * usual["evaluating"])


def test_a_job_like_earlier_ones_is_expected_to_take_as_long(alice, ended, expected):
    for _ in range(4):
        ended(alice)
    found = expected(alice)
    assert {stage: found[stage] for stage in found} == pytest.approx({stage: STAGES[stage] for stage in found})


def test_half_as_fast_a_machine_takes_twice_as_long(alice, ended, expected):
    ended(alice)
    assert expected(alice, speed=500.0)["evaluating"] == pytest.approx(2 * expected(alice)["evaluating"])


def test_the_odd_one_does_not_count(alice, ended, expected):
    for seconds in (6.0, 6.0, 6.0, 600.0):
        ended(alice, evaluating=seconds)
    assert expected(alice)["evaluating"] == pytest.approx(6.0)


def test_what_was_interrupted_tells_nothing(alice, ended, expected):
    before = expected(alice)
    ended(alice, evaluating=600.0, again="evaluating")
    assert expected(alice) == before


def test_other_peoples_jobs_count_once_there_are_three(alice, bob, ended, expected):
    before = expected(alice)
    ended(bob, evaluating=60.0)
    ended(bob, evaluating=60.0)
    assert expected(alice) == before
    ended(bob, evaluating=60.0)
    assert expected(alice)["evaluating"] == pytest.approx(60.0)


def test_the_pauses_of_training_are_learnt(alice, ended, job_of):
    for _ in range(3):
        ended(alice, training=62.0, seconds=50.0)
    job = job_of(alice)
    job.source_set.usable_count = 100
    assert durations.outlook(job, RECIPE).paused(1000.0) == pytest.approx(12.0)


def test_after_a_long_sampling_another_worker_prepares_again(alice, expected):
    assert expected(alice, count=500_000)["screening"] > 10.0 > expected(alice)["screening"]


def test_a_sampling_worker_stays_as_long_as_is_counted_on():
    assert KEPT_SECONDS == tasks.STAY_SECONDS


def test_an_outlook_asks_no_more_for_more_jobs(alice, ended, job_of, django_assert_max_num_queries):
    for _ in range(5):
        ended(alice)
    job = job_of(alice)
    with django_assert_max_num_queries(3):
        durations.outlook(job, RECIPE)
