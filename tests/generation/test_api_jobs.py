import pytest
from django.utils import timezone

from generation import jobs
from generation.models import GenerationJob

URL = "/api/v1/jobs/"


def request_for(chosen, **fields):
    return {"source_set": str(chosen.public_id), "count": 20, "preset": "quick", "resolution": 28} | fields


def test_a_job_is_submitted_and_says_where_to_follow_it(alice, api, bare_set):
    answer = api(alice).post(URL, request_for(bare_set(alice), kimg=2, seed=7))
    assert answer.status_code == 201
    body = answer.json()
    job = GenerationJob.objects.get(public_id=body["id"])
    assert (job.owner, job.count, job.seed, job.requested["kimg"]) == (alice, 20, 7, 2)
    assert (body["state"], body["stage"], body["generator"], body["dataset"]) == ("queued", "preparing", None, None)
    assert len(body["expected_seconds"]) == 2
    assert set(body["urls"]) == {"self", "events", "cancel", "stop", "page", "websocket"}
    assert body["urls"]["websocket"] == f"ws://testserver/ws/jobs/{job.public_id}/"
    assert answer.headers["Location"] == body["urls"]["self"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"count": 0}, "count"),
        ({"count": 2_000_000}, "count"),
        ({"preset": "finest"}, "preset"),
        ({"resolution": 30}, "resolution"),
        ({"kimg": -1}, "kimg"),
        ({"labels": True}, "labels"),
        ({"seed": -1}, "seed"),
        ({"source_set": "x"}, "source_set"),
    ],
)
def test_bad_input_is_named_by_field(alice, api, bare_set, fields, field):
    answer = api(alice).post(URL, request_for(bare_set(alice), **fields))
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not GenerationJob.objects.exists()


def test_a_small_source_set_is_refused_with_what_to_do(alice, api, bare_set):
    answer = api(alice).post(URL, request_for(bare_set(alice, usable=3)))
    assert (answer.status_code, "at least 50" in answer.json()["detail"]) == (400, True)


def test_other_peoples_source_sets_are_not_there(alice, charlie, mod, api, bare_set):
    for person in (charlie, mod):
        assert api(person).post(URL, request_for(bare_set(alice))).status_code == 404


def test_who_may_not_generate_is_told_so(alice, api, bare_set, settings):
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    assert api(alice).post(URL, request_for(bare_set(alice))).status_code == 403


def test_a_token_needs_the_scope(alice, api, bare_set):
    assert api(alice, ["read"]).post(URL, request_for(bare_set(alice))).status_code == 403
    assert api(alice, ["read"]).get(URL).status_code == 200


def test_nobody_submits_without_signing_in(client, alice, bare_set):
    assert client.post(URL, request_for(bare_set(alice))).status_code == 401


def test_submitting_costs_the_same_for_many_images(alice, api, drawn_set, django_assert_max_num_queries):
    caller = api(alice)
    sets = [drawn_set(alice, 50), drawn_set(alice, 200)]
    caller.post(URL, request_for(sets[0]))
    for source_set in sets:
        with django_assert_max_num_queries(25) as captured:
            assert caller.post(URL, request_for(source_set)).status_code == 201
        assert not [query for query in captured if "generation_sourceimage" in query["sql"]]


def test_a_list_shows_ones_own_jobs_newest_first(alice, charlie, api, job_of):
    mine = [job_of(alice), job_of(alice)]
    job_of(charlie)
    results = api(alice).get(URL).json()["results"]
    assert [row["id"] for row in results] == [str(job.public_id) for job in reversed(mine)]


def queries_of_list(caller, captured) -> int:
    with captured as queries:
        assert caller.get(URL).status_code == 200
    return len(queries)


def test_a_list_asks_no_more_for_more_jobs(alice, api, job_of, dataset_of, django_assert_max_num_queries):
    caller = api(alice)
    dataset_of(alice)
    caller.get(URL)
    few = queries_of_list(caller, django_assert_max_num_queries(20))
    dataset_of(alice)
    job_of(alice)
    assert queries_of_list(caller, django_assert_max_num_queries(20)) == few


def test_a_job_is_read_by_its_owner_and_staff_alone(alice, charlie, mod, api, job_of):
    url = f"{URL}{job_of(alice).public_id}/"
    assert [api(person).get(url).status_code for person in (alice, mod, charlie)] == [200, 200, 404]
    assert api(alice).post(url).status_code == 405


def test_a_finished_job_names_its_dataset(alice, api, dataset_of):
    dataset = dataset_of(alice)
    body = api(alice).get(f"{URL}{dataset.job.public_id}/").json()
    assert (body["state"], body["dataset"]) == ("succeeded", str(dataset.public_id))


@pytest.mark.parametrize("verb", ["cancel", "stop"])
def test_a_job_is_ended_once(alice, api, job_of, verb):
    url = f"{URL}{job_of(alice).public_id}/{verb}/"
    answer = api(alice).post(url)
    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
    again = api(alice).post(url)
    assert (again.status_code, again.json()["status"]) == (409, 409)
    assert api(alice).get(url).status_code == 405


def test_a_running_job_is_stopping(alice, api, job_of):
    job = job_of(alice)
    GenerationJob.objects.update(state="running", started_at=timezone.now())
    assert api(alice).post(f"{URL}{job.public_id}/cancel/").json()["state"] == "stopping"


def test_nobody_else_ends_a_job(alice, charlie, mod, api, job_of):
    job = job_of(alice)
    for person in (charlie, mod):
        assert api(person).post(f"{URL}{job.public_id}/cancel/").status_code == 404
    assert jobs.cancel(job)
