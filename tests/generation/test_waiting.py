from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from generation import claims, jobs, waiting, workers
from generation.models import GenerationJob, JobTask

URL = "/studio/jobs/"


@pytest.fixture
def at_work(monkeypatch):
    """at_work(n) is that many workers on each queue; None is a Valkey that is away."""

    def set_to(number: int | None) -> None:
        alive = workers.Worker("w", "training", "idle", "", timezone.now(), timezone.now())

        def of(queue: str) -> list[workers.Worker]:
            if number is None:
                raise ConnectionRefusedError
            return [alive] * number

        monkeypatch.setattr(workers, "of", of)

    set_to(1)
    return set_to


@pytest.fixture
def line(alice, bob, charlie, job_of, at_work) -> list[GenerationJob]:
    """Alice's first job runs; then come Bob's, Charlie's and Alice's second and third."""
    first = job_of(alice)
    claims.claim("training", "worker")
    GenerationJob.objects.filter(pk=first.pk).update(state="running")
    second, third, bobs, charlies = (job_of(person) for person in (alice, alice, bob, charlie))
    return [first, bobs, charlies, second, third]


def test_a_job_says_where_it_stands_and_whom_it_waits_for(line):
    told = [waiting.of(job) for job in line]
    assert told[0] is None
    assert [(place.position, place.ahead) for place in told[1:]] == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert [place.reason for place in told[1:]] == [
        "Next in line: it starts once the job that runs now has ended.",
        "Number 2 in line: 1 job of others comes first.",
        "Number 3 in line: 2 jobs of others come first.",
        "Number 4 in line: 2 of others and 1 of your own come first. Sellers take turns.",
    ]


def test_the_line_is_the_order_in_which_workers_take_the_jobs(line):
    places = waiting.of_all(line)
    expected = sorted(line[1:], key=lambda job: places[job.pk].position)
    assert [claims.claim("training", "worker").task.job for _ in expected] == expected


def test_ones_own_jobs_are_told_from_those_of_others(alice, job_of, at_work):
    made = [job_of(alice) for _ in range(3)]
    assert waiting.of(made[0]).reason == "Next in line: a worker is about to take it."
    claims.claim("training", "worker")
    assert waiting.of(made[1]).reason == "Next in line: it starts once another job of yours has ended."
    assert waiting.of(made[2]).reason == "Number 2 in line, after 1 other job of yours."


@pytest.mark.parametrize(
    ("number", "words"), [(0, "No worker is running at the moment."), (None, "The queue can't be reached")]
)
def test_a_job_says_when_nobody_is_there_to_take_it(alice, job_of, at_work, number, words):
    at_work(number)
    place = waiting.of(job_of(alice))
    assert (place.position, place.reason.startswith(words)) == (1, True)
    assert "starts by itself" in place.reason


def test_a_job_that_is_tried_again_says_when_and_why(alice, bob, job_of, at_work):
    job, other = job_of(alice), job_of(bob)
    claims.claim("training", "worker").fail("Traceback: no", "A file could not be read.")
    at = timezone.localtime(JobTask.objects.get(job=job).not_before)
    told = waiting.of(job).reason
    assert told == f"Trying again at {at:%H:%M} after a failure: A file could not be read."
    assert waiting.of(other).position == 1


def test_images_wait_piece_by_piece(alice, bob, job_of, at_work):
    large, small = job_of(alice), job_of(bob)
    GenerationJob.objects.update(state="running", stage="sampling")
    JobTask.objects.update(state="done")
    claims.add_shards(large, 1_000_000, 4096)
    claims.claim("sampling", "worker")
    claims.add_shards(small, 5000, 4096)
    small.refresh_from_db()
    assert waiting.of(small).position == 1
    assert waiting.of(large) is None


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_what_has_ended_does_not_wait(alice, job_of, dataset_of, state):
    job = dataset_of(alice).job
    job.state = state
    assert waiting.of(job) is None


def queries(act) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def test_a_thousand_jobs_that_wait_cost_no_more_queries_than_one(
    alice, bob, job_of, settings, at_work, browser_of, api
):
    settings.MAX_ACTIVE_JOBS = 2000
    caller, client = api(alice), browser_of(alice)
    like = job_of(alice)
    asks = [
        lambda: waiting.of_all(GenerationJob.objects.all()),
        lambda: client.get(URL),
        lambda: caller.get("/api/v1/jobs/?page_size=200"),
        lambda: client.get(like.get_absolute_url() + "waiting/"),
    ]
    [ask() for ask in asks]
    few = [queries(ask) for ask in asks]
    rows = [clone(like, 1000 + n) for n in range(1000)]
    GenerationJob.objects.bulk_create(rows)
    made = GenerationJob.objects.filter(seed__gte=1000)
    JobTask.objects.bulk_create(JobTask(job=job, kind="train", queue="training", turn=job.seed) for job in made)
    assert [queries(ask) for ask in asks] == few
    assert len(waiting.of_all(GenerationJob.objects.all())) == 1001


def clone(job: GenerationJob, seed: int) -> GenerationJob:
    fields = {"owner": job.owner, "source_set": job.source_set, "count": 10, "requested": job.requested}
    return GenerationJob(**fields, seed=seed, expected_seconds=[1, 2])


def test_the_list_shows_why_a_job_waits(alice, browser_of, line):
    page = browser_of(alice).get(URL).content.decode()
    assert "Number 3 in line: 2 jobs of others come first." in page


def test_the_page_asks_for_its_place_alone(alice, mod, charlie, browser_of, line):
    address = f"{line[3].get_absolute_url()}waiting/"
    answer = browser_of(alice).get(address).content.decode()
    assert "Number 3 in line" in answer
    assert 'hx-trigger="every 5s"' in answer
    statuses = [browser_of(person).get(address).status_code for person in (mod, charlie)]
    assert (statuses, browser_of(alice).post(address).status_code) == ([200, 404], 405)


def test_the_api_says_where_a_job_stands(alice, api, line):
    rows = {row["id"]: row["waiting"] for row in api(alice).get("/api/v1/jobs/").json()["results"]}
    assert rows[str(line[0].public_id)] is None
    assert rows[str(line[3].public_id)]["position"] == 3
    one = api(alice).get(f"/api/v1/jobs/{line[4].public_id}/").json()["waiting"]
    assert (one["position"], one["ahead"], "Sellers take turns" in one["reason"]) == (4, 3, True)


def test_a_job_taken_up_again_after_a_failure_is_no_longer_told_to_wait(alice, job_of, at_work):
    job = job_of(alice)
    claims.claim("training", "worker").fail("no luck", "There was no luck.")
    JobTask.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    assert waiting.of(job).reason == "Next in line: a worker is about to take it."
    claims.claim("training", "worker")
    assert waiting.of(job) is None


def test_whoever_queued_many_by_mistake_cancels_all_that_wait_at_once(alice, bob, browser_of, line):
    client = browser_of(alice)
    assert "Cancel all 2 waiting jobs" in client.get(URL).content.decode()
    assert client.get(f"{URL}cancel-waiting/").status_code == 405
    answer = client.post(f"{URL}cancel-waiting/", follow=True)
    assert "2 jobs that waited were cancelled." in answer.content.decode()
    states = [GenerationJob.objects.get(pk=job.pk).state for job in line]
    assert states == ["running", "queued", "queued", "cancelled", "cancelled"]
    assert jobs.cancel_waiting(bob) == 1
