"""What the form says of time and quality, learnt from earlier jobs."""

import pytest
from django.urls import reverse
from django.utils import timezone

from generation import estimates, experience, jobs
from generation.engine.config import RecipeRequest, resolve
from generation.models import Dataset, GenerationJob, Generator

QUICK = RecipeRequest(preset="quick", resolution=28)
HERE = {"instruction_set": "AVX512", "dtype": "bfloat16"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(bare_set):
    """ended(owner, speed, swd) is a finished job that trained at that speed and got so far, floor 10."""

    def make(owner, speed=100.0, swd=30.0, request=QUICK, images=500, kimg=200.0, here=HERE) -> Dataset:
        source_set = bare_set(owner, images)
        recipe = resolve(request, images=images, channels=3)
        generator = Generator.objects.create(
            owner=owner, source_set=source_set, source_fingerprint="f", checkpoint_key="x", sha256="x", size=1,
            recipe=recipe.to_dict(), metrics={"images_per_second": speed, "kimg": kimg, "environment": here},
        )  # fmt: skip
        job = GenerationJob.objects.create(
            owner=owner, source_set=source_set, generator=generator, count=10, seed=1, requested={}, state="succeeded",
            finished_at=timezone.now(),
        )  # fmt: skip
        likeness = {"swd": {"avg": swd}, "swd_floor": {"avg": 10.0}}
        return Dataset.objects.create(
            owner=owner, job=job, generator=generator, name="x", count=10, first_slot=0, resolution=request.resolution,
            channels=3, size=1, content_hash="x", report={"likeness": likeness},
        )  # fmt: skip

    return make


def estimate_for(owner, bare_set, request=QUICK, images=500):
    return estimates.estimate(bare_set(owner, images), request, 100)


def test_without_earlier_jobs_nothing_is_claimed(alice, bare_set, ended):
    found = estimate_for(alice, bare_set)
    assert (found.time_runs, found.quality) == (0, None)


def test_ones_own_job_sharpens_the_expected_time(alice, bare_set, ended):
    guess = estimate_for(alice, bare_set)
    ended(alice, speed=150.0)
    known = estimate_for(alice, bare_set)
    assert known.time_runs == 1
    assert known.seconds[0] < 200_000 / 150 < known.seconds[1]  # a quick job of 28 px shows 200,000 images
    assert known.seconds[1] / known.seconds[0] < guess.seconds[1] / guess.seconds[0]


def test_the_middle_of_many_jobs_counts_and_not_the_odd_one(alice, bare_set, ended):
    for speed in (90.0, 100.0, 100.0, 110.0, 1.0):
        ended(alice, speed=speed)
    found = experience.speed(alice.pk, estimates.config.expected_length(QUICK, 500)[0], 28)
    assert (found.low, found.middle, found.high, found.runs) == (90.0, 100.0, 100.0, 5)


def test_a_job_of_another_kind_tells_nothing_of_time(alice, bare_set, ended):
    ended(alice, request=RecipeRequest("quick", 32))
    ended(alice, request=RecipeRequest("best", 28))
    ended(alice, request=RecipeRequest("paper", 28))
    assert estimate_for(alice, bare_set).time_runs == 0


def test_only_jobs_of_the_newest_device_tell_of_time(alice, bare_set, ended):
    ended(alice, speed=5000.0, here={"instruction_set": "a GPU that was lent"})
    ended(alice, speed=150.0)
    found = estimate_for(alice, bare_set)
    assert (found.time_runs, found.seconds[1] > 200_000 / 150) == (1, True)


def test_networks_of_one_kind_tell_of_every_preset_that_uses_them(alice, bare_set, ended):
    ended(alice, request=RecipeRequest("quick", 28))
    assert estimate_for(alice, bare_set, RecipeRequest("standard", 28)).time_runs == 1


def test_time_never_exceeds_what_was_asked_for(alice, bare_set, ended):
    ended(alice, speed=1.0)
    low, high = estimate_for(alice, bare_set, RecipeRequest("quick", 28, minutes=2)).seconds
    assert 60 < low <= high < 180


def test_quality_is_learnt_from_jobs_like_it(alice, bare_set, ended):
    for swd in (20.0, 30.0, 40.0):
        ended(alice, swd=swd)
    quality = estimate_for(alice, bare_set).quality
    assert (quality.low, quality.middle, quality.high, quality.runs) == (15.0, 20.0, 25.0, 3)


@pytest.mark.parametrize(
    "other",
    [
        {"request": RecipeRequest("quick", 32)},
        {"request": RecipeRequest("paper", 28)},
        {"images": 60},
        {"images": 5000},
        {"kimg": 20.0},
        {"kimg": 2000.0},
        {"swd": None},
    ],
)
def test_quality_is_not_learnt_from_what_is_not_like_it(alice, bare_set, ended, other):
    ended(alice, **other)
    assert estimate_for(alice, bare_set).quality is None


def test_more_images_of_a_generator_are_one_run(alice, bare_set, ended):
    dataset = ended(alice)
    job = GenerationJob.objects.create(
        owner=alice, source_set=dataset.job.source_set, generator=dataset.generator, count=10, seed=1, requested={},
        state="succeeded", finished_at=timezone.now(),
    )  # fmt: skip
    dataset.pk, dataset.public_id, dataset.job = None, job.public_id, job
    dataset.save()
    assert estimate_for(alice, bare_set).quality.runs == 1


def test_other_peoples_jobs_count_once_there_are_three(alice, bob, bare_set, ended):
    for expected in (0, 0, 3):
        ended(bob)
        found = estimate_for(alice, bare_set)
        assert (found.time_runs, found.quality.runs if found.quality else 0) == (expected, expected)


def test_an_estimate_asks_no_more_for_more_jobs(alice, bare_set, ended, django_assert_max_num_queries):
    source_set, request = bare_set(alice, 500), RecipeRequest("standard", 28)
    for _ in range(12):
        ended(alice)
    with django_assert_max_num_queries(5):
        estimates.estimate(source_set, request, 100)


def test_the_form_says_how_many_jobs_it_learnt_from(alice, browser_of, bare_set, ended):
    page = browser_of(alice).get(reverse("job-estimate", args=[bare_set(alice, 500).public_id]), FORM).content.decode()
    assert "there is no earlier job to learn from" in page
    ended(alice, swd=30.0)
    page = browser_of(alice).get(reverse("job-estimate", args=[bare_set(alice, 500).public_id]), FORM).content.decode()
    assert "SWD 20 to 20 above real images" in page
    assert "learnt from 1 earlier job " in page


FORM = {"preset": "quick", "count": 100, "resolution": 28, "fit": "crop"}


def test_the_api_estimates_as_the_form_does(alice, charlie, api, bare_set, ended):
    ended(alice)
    source_set = bare_set(alice, 500)
    asked = FORM | {"source_set": str(source_set.public_id)}
    answer = api(alice).post(reverse("api-job-estimate"), asked)
    assert answer.status_code == 200
    assert answer.json()["quality"]["runs"] == answer.json()["time_runs"] == 1
    assert answer.json()["seconds"] == list(jobs.expected_seconds(source_set, QUICK, 100))
    assert api(charlie).post(reverse("api-job-estimate"), asked).status_code == 404
    assert api(alice).post(reverse("api-job-estimate"), FORM).status_code == 400
    assert not GenerationJob.objects.filter(state="queued").exists()
