import html

import pytest
from django.utils import timezone

from generation import jobs, source_sets
from generation.models import GenerationJob, Upload

URL = "/api/v1/jobs/"


FORM = {"count": "20", "preset": "quick", "resolution": "28", "fit": "crop", "minutes": "", "seed": ""}


def form_of(chosen):
    return f"/studio/source-sets/{chosen.public_id}/generate/"


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
    assert set(body["urls"]) == {"self", "events", "cancel", "stop", "again", "resume", "page", "websocket"}
    assert body["urls"]["websocket"] == f"ws://testserver/ws/jobs/{job.public_id}/"
    assert answer.headers["Location"] == body["urls"]["self"]


BAD = [
    ({"count": 0}, "count", "between 1 and 1,000,000"),
    ({"count": -5}, "count", "between 1 and 1,000,000"),
    ({"count": 1_000_001}, "count", "between 1 and 1,000,000"),
    ({"count": "many"}, "count", "between 1 and 1,000,000"),
    ({"count": "9" * 5000}, "count", "between 1 and 1,000,000"),
    ({"preset": "finest"}, "preset", "quick, standard, best, paper"),
    ({"resolution": 30}, "resolution", "28, 32, 64, 128, 256 pixels"),
    ({"resolution": "large"}, "resolution", "28, 32, 64, 128, 256 pixels"),
    ({"fit": "stretch"}, "fit", "crop, pad"),
    ({"minutes": 0}, "minutes", "between 0.1 and 10,080"),
    ({"minutes": 1e9}, "minutes", "between 0.1 and 10,080"),
    ({"minutes": "soon"}, "minutes", "between 0.1 and 10,080"),
    ({"seed": -1}, "seed", "from 0 to 9,223,372,036,854,775,807"),
    ({"seed": 2**63}, "seed", "from 0 to 9,223,372,036,854,775,807"),
    ({"seed": "luck"}, "seed", "from 0 to 9,223,372,036,854,775,807"),
]
BAD_SETS = [
    ({"usable_count": 0}, "at least 50 usable images; this set has 0"),
    ({"usable_count": 49}, "at least 50 usable images; this set has 49"),
    ({"usable_count": 10_001}, "at most 10,000 images; this set has 10,001"),
    ({"declared_at": None}, "hold the rights"),
]


@pytest.mark.parametrize(("fields", "field", "words"), BAD)
def test_the_api_names_the_field_and_what_is_allowed(alice, api, bare_set, fields, field, words):
    answer = api(alice).post(URL, request_for(bare_set(alice), **fields))
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert words in answer.json()["errors"][field][0]
    assert not GenerationJob.objects.exists()


@pytest.mark.parametrize(("fields", "field", "words"), BAD)
def test_the_form_says_the_same(alice, browser_of, bare_set, fields, field, words):
    source_set = bare_set(alice)
    answer = browser_of(alice).post(form_of(source_set), FORM | fields)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert words in html.unescape(answer.content.decode())
    assert not GenerationJob.objects.exists()


def test_transparency_is_asked_about_where_there_is_some(alice, api, browser_of, bare_set):
    plain, clear = bare_set(alice), bare_set(alice, transparent=True)
    assert "transparency" not in browser_of(alice).get(form_of(plain)).context["form"].fields
    assert "Keep the transparency" in browser_of(alice).get(form_of(clear)).content.decode()
    browser_of(alice).post(form_of(clear), FORM | {"transparency": "keep"})
    assert GenerationJob.objects.get().requested["transparency"] == "keep"
    answer = browser_of(alice).post(form_of(clear), FORM | {"transparency": "red"})
    assert "white, keep" in answer.content.decode()
    refused = api(alice).post(URL, request_for(clear, transparency="red")).json()
    assert "white, keep" in refused["errors"]["transparency"][0]


@pytest.mark.parametrize(("fields", "words"), BAD_SETS)
def test_a_set_that_will_not_do_is_refused_with_what_to_do(alice, api, browser_of, bare_set, fields, words):
    source_set = bare_set(alice, **fields)
    answer = api(alice).post(URL, request_for(source_set))
    assert (answer.status_code, words in answer.json()["errors"]["source_set"][0]) == (400, True)
    page = browser_of(alice).post(form_of(source_set), FORM)
    assert (page.status_code, words in html.unescape(page.content.decode())) == (422, True)
    assert words in html.unescape(browser_of(alice).get(form_of(source_set)).content.decode())
    assert not GenerationJob.objects.exists()


def test_a_set_still_being_checked_is_refused(alice, api, browser_of, bare_set):
    source_set = bare_set(alice)
    Upload.objects.create(source_set=source_set, file_name="a.zip", size=1, part_size=1, state="checking")
    answer = api(alice).post(URL, request_for(source_set))
    assert "still being checked" in answer.json()["errors"]["source_set"][0]
    assert "still being checked" in browser_of(alice).post(form_of(source_set), FORM).content.decode()


LABELS = [({"cat": 60}, "two class folders"), ({"cat": 55, "dog": 5}, "dog (5)")]


@pytest.mark.parametrize(("counts", "words"), LABELS)
def test_labels_that_can_not_be_learned_are_refused(alice, api, browser_of, bare_set, counts, words):
    source_set = bare_set(alice, label_counts=counts)
    answer = api(alice).post(URL, request_for(source_set, labels=True))
    assert words in answer.json()["errors"]["labels"][0]
    page = browser_of(alice).post(form_of(source_set), FORM | {"labels": "on"})
    assert page.status_code == (422 if len(counts) > 1 else 302)  # one class: the form does not offer labels


def test_an_older_version_can_still_be_used_and_the_form_names_the_newer(alice, api, browser_of, bare_set):
    older = bare_set(alice)
    older.seal()
    newer = source_sets.new_version(older)
    page = browser_of(alice).get(form_of(older)).content.decode()
    assert "version 2" in page
    assert form_of(newer) in page
    assert api(alice).post(URL, request_for(older)).status_code == 201


def test_a_strangers_set_and_one_that_was_deleted_are_not_there(alice, charlie, api, browser_of, bare_set):
    gone = bare_set(alice)
    address, asked = form_of(gone), request_for(gone)
    assert browser_of(charlie).get(address).status_code == browser_of(charlie).post(address, FORM).status_code == 404
    gone.delete()
    assert api(alice).post(URL, asked).status_code == browser_of(alice).post(address, FORM).status_code == 404


def test_what_was_filled_in_is_still_there_after_an_error(alice, browser_of, bare_set):
    page = browser_of(alice).post(form_of(bare_set(alice)), FORM | {"count": "0", "minutes": "7"})
    assert page.context["form"]["minutes"].value() == "7"


def test_a_job_started_again_has_the_settings_it_had(alice, charlie, browser_of, job_of):
    job = job_of(alice, 12)
    address = f"{form_of(job.source_set)}?again={job.public_id}"
    form = browser_of(alice).get(address).context["form"]
    assert [form[name].value() for name in ("count", "preset", "resolution")] == [12, "quick", 28]


def test_more_images_of_a_generator_are_asked_for(alice, charlie, api, dataset_of):
    generator = dataset_of(alice).generator
    generator.recipe |= {"preset": "quick", "fit": "crop"}
    generator.save()
    asked = {"generator": str(generator.public_id), "count": 5}
    assert api(charlie).post(URL, asked).status_code == 404
    answer = api(alice).post(URL, asked)
    assert answer.status_code == 201
    assert GenerationJob.objects.get(public_id=answer.json()["id"]).starts_from == generator
    assert "errors" in api(alice).post(URL, {"count": 5}).json()


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
    parent = job_of(alice)
    jobs.again(parent, alice)
    caller.get(URL)
    few = queries_of_list(caller, django_assert_max_num_queries(20))
    dataset_of(alice)
    for _ in range(3):
        jobs.again(parent, alice)
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
