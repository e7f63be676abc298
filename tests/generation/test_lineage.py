"""Jobs that come from jobs: run again, gone on with, more images; and how many of them one person may have."""

import html
import threading

import pytest
from django.db import connection
from django.utils import timezone

from generation import endings, jobs, lineage, memory, source_sets
from generation.engine import footprint
from generation.models import GenerationJob, Generator, JobTask

API = "/api/v1/jobs/"
FORM = {"count": "20", "preset": "quick", "resolution": "28", "fit": "crop", "minutes": "", "seed": ""}


def text_of(response) -> str:
    assert response.status_code in (200, 422)
    return html.unescape(response.content.decode())


@pytest.fixture
def failed(alice, job_of) -> GenerationJob:
    """A job that failed while training, with a checkpoint stored."""
    job = job_of(alice)
    JobTask.objects.filter(job=job).update(output={"checkpoint": "jobs/x/checkpoints/1-1.pt", "kimg": 0.16})
    resolved = {"kimg": 0.32, "pilot": {"images_per_second": 100}}
    GenerationJob.objects.filter(pk=job.pk).update(state="running", started_at=timezone.now(), resolved=resolved)
    endings.fail(job, "The moon was in the way.")
    job.refresh_from_db()
    return job


@pytest.fixture
def generator(alice, dataset_of) -> Generator:
    generator = dataset_of(alice).generator
    generator.recipe |= {"preset": "quick", "fit": "crop"}
    generator.save()
    return generator


def test_a_job_runs_again_with_what_is_changed(alice, job_of):
    parent = job_of(alice)
    job = jobs.again(parent, alice, count=25, resolution=64, mail=True)
    assert (job.parent, job.origin, job.count, job.mail_when_done) == (parent, "again", 25, True)
    assert job.requested == parent.requested | {"resolution": 64, "seed": job.seed}
    assert [(change.field, change.before, change.after) for change in lineage.changes(job)] == [
        ("count", "10", "25"), ("resolution", "28 pixels", "64 pixels"),
    ]  # fmt: skip


def test_it_uses_the_newest_version_of_the_source_set_and_says_so(alice, job_of):
    parent = job_of(alice)
    newer = source_sets.new_version(parent.source_set)
    newer.__class__.objects.filter(pk=newer.pk).update(usable_count=80, draft_fingerprint="e" * 64)
    job = jobs.again(parent, alice)
    assert job.source_set == newer
    assert [(change.before, change.after) for change in lineage.changes(job)] == [("Bare v1", "Bare v2")]


def test_more_images_run_again_are_more_images(alice, generator):
    first = jobs.more(alice, generator, count=5)
    assert (first.parent, first.origin) == (generator.jobs.get(starts_from=None), "more")
    job = jobs.again(first, alice, count=7)
    assert (job.parent, job.origin, job.starts_from, job.count) == (first, "again", generator, 7)
    with pytest.raises(jobs.JobRefused, match="a generator that exists") as refusal:
        jobs.again(first, alice, preset="best")
    assert list(refusal.value.errors) == ["preset"]


def test_a_failed_job_is_gone_on_with(alice, failed):
    job = jobs.resume(failed, alice)
    assert (job.parent, job.origin, job.seed, job.state) == (failed, "resumed", failed.seed, "queued")
    assert (job.requested, job.resolved, job.starts_from) == (failed.requested, failed.resolved, None)
    # 160 images of the 320 are left, at 100 a second.
    assert 1.4 < job.expected_seconds[0] - jobs.sampling_seconds(28, 10)[0] < 1.6
    assert lineage.changes(job) == []


def test_a_job_that_failed_after_its_training_goes_on_with_its_generator(alice, generator):
    parent = generator.jobs.get()
    parent.dataset.delete()
    GenerationJob.objects.filter(pk=parent.pk).update(state="failed")
    parent.refresh_from_db()
    assert jobs.resume(parent, alice).starts_from == generator


@pytest.mark.parametrize(
    ("state", "words"),
    [("queued", "has not ended"), ("cancelled", "keeps nothing"), ("failed", "Nothing of its training is stored")],
)
def test_where_nothing_is_left_to_resume_it_says_why_and_what_to_do(alice, job_of, state, words):
    job = job_of(alice)
    if state != "queued":
        endings.end(job, state, {})
    with pytest.raises(jobs.JobRefused, match=words):
        jobs.resume(job, alice)
    assert GenerationJob.objects.count() == 1


def test_a_job_that_came_to_its_end_has_nothing_to_resume(alice, dataset_of):
    with pytest.raises(jobs.JobRefused, match="make more images"):
        jobs.resume(dataset_of(alice).job, alice)


def test_the_form_is_filled_in_as_before_and_names_where_it_came_from(alice, browser_of, job_of):
    parent = job_of(alice, 12)
    address, client = f"{parent.get_absolute_url()}again/", browser_of(alice)
    page = client.get(address)
    values = [page.context["form"][name].value() for name in ("count", "preset", "resolution", "kimg")]
    assert (values, "The settings are those of" in text_of(page)) == ([12, "quick", 28, 0.32], True)
    assert client.post(address, FORM | {"kimg": "0.5", "mail": "on"}).status_code == 302
    job = GenerationJob.objects.get(parent=parent)
    assert (job.origin, job.count, job.requested["kimg"], job.mail_when_done) == ("again", 20, 0.5, True)


def test_the_form_says_when_the_source_set_has_changed(alice, browser_of, job_of):
    parent = job_of(alice)
    source_sets.new_version(parent.source_set)
    page = text_of(browser_of(alice).get(f"{parent.get_absolute_url()}again/"))
    assert "version 2 is used, where that job used version 1" in page


def test_more_images_again_are_asked_for_at_their_generator(alice, browser_of, generator):
    first, client = jobs.more(alice, generator, count=5), browser_of(alice)
    answer = client.get(f"{first.get_absolute_url()}again/")
    assert answer.url == f"/studio/generators/{generator.public_id}/?count=5&again={first.public_id}"
    client.post(answer.url, {"count": "6"})
    assert GenerationJob.objects.get(count=6).parent == first


def test_a_button_resumes_or_says_why_not(alice, browser_of, failed, job_of):
    client, other = browser_of(alice), job_of(alice)
    assert client.post(f"{failed.get_absolute_url()}resume/").status_code == 302
    assert GenerationJob.objects.get(parent=failed).origin == "resumed"
    assert "has not ended" in text_of(client.post(f"{other.get_absolute_url()}resume/", follow=True))


def test_the_api_runs_again_what_is_changed(alice, api, job_of):
    parent = job_of(alice)
    answer = api(alice).post(f"{API}{parent.public_id}/again/", {"count": 7, "kimg": None, "mail_when_done": True})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["parent"], body["origin"], body["mail_when_done"]) == (str(parent.public_id), "again", True)
    assert {change["field"] for change in body["changes"]} == {"count", "kimg"}
    assert api(alice).get(f"{API}{parent.public_id}/").json()["children"] == [body["id"]]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [({"count": 0}, "count", "between 1"), ({"preset": "x"}, "preset", "quick"), ({"cuont": 5}, "cuont", "no such")],
)
def test_a_change_that_can_not_be_is_named(alice, api, job_of, fields, field, words):
    answer = api(alice).post(f"{API}{job_of(alice).public_id}/again/", fields)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert words in answer.json()["errors"][field][0]


def test_the_api_resumes_or_refuses(alice, api, failed):
    caller, address = api(alice), f"{API}{failed.public_id}/resume/"
    body = caller.post(address).json()
    assert (body["origin"], body["parent"]) == ("resumed", str(failed.public_id))
    refused = caller.post(f"{API}{body['id']}/resume/")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_resume")
    assert "has not ended" in refused.json()["detail"]


@pytest.mark.parametrize("verb", ["again", "resume"])
def test_a_call_that_is_repeated_makes_one_job(alice, api, failed, verb):
    caller, address = api(alice), f"{API}{failed.public_id}/{verb}/"
    answers = [caller.post(address, {}, headers={"Idempotency-Key": "k"}).json()["id"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert failed.children.count() == 1


@pytest.mark.parametrize("verb", ["again", "resume"])
def test_other_peoples_jobs_are_not_there(charlie, mod, browser_of, api, failed, verb):
    for person in (charlie, mod):
        assert api(person).post(f"{API}{failed.public_id}/{verb}/", {}).status_code == 404
        assert browser_of(person).post(f"{failed.get_absolute_url()}{verb}/", FORM).status_code == 404


def test_wrong_methods_are_refused(alice, browser_of, api, failed):
    assert [api(alice).get(f"{API}{failed.public_id}/{verb}/").status_code for verb in ("again", "resume")] == [405] * 2
    assert browser_of(alice).get(f"{failed.get_absolute_url()}resume/").status_code == 405


def test_the_list_names_the_job_that_one_came_from(alice, browser_of, job_of):
    parent = job_of(alice)
    jobs.again(parent, alice)
    assert "run again: <a" in text_of(browser_of(alice).get("/studio/jobs/"))


def test_one_person_has_so_many_jobs_at_a_time(alice, bob, job_of, settings, api, browser_of):
    settings.MAX_ACTIVE_JOBS = 2
    first, second = job_of(alice), job_of(alice)
    with pytest.raises(jobs.JobRefused, match="2 jobs under way at a time: 0 of yours run and 2 wait") as refusal:
        jobs.again(first, alice)
    assert list(refusal.value.errors) == ["limit"]
    assert api(alice).post(f"{API}{first.public_id}/again/", {}).json()["errors"]["limit"]
    assert "under way at a time" in text_of(browser_of(alice).post(f"{first.get_absolute_url()}again/", FORM))
    assert job_of(bob)
    jobs.cancel(second)
    assert jobs.again(first, alice)


def test_and_so_many_images(alice, job_of, settings, generator, browser_of):
    settings.MAX_ACTIVE_IMAGES = 30
    job_of(alice, 20)
    with pytest.raises(jobs.JobRefused, match=r"and they will make 20\. Ask for 10 at most"):
        job_of(alice, 11)
    page = browser_of(alice).post(f"/studio/generators/{generator.public_id}/", {"count": "11"})
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["count"])
    assert job_of(alice, 10)


def test_jobs_asked_for_at_once_are_counted_one_after_the_other(alice, bare_set, settings, transactional_db):
    settings.MAX_ACTIVE_JOBS = 2
    source_set, outcomes = bare_set(alice), []

    def one() -> None:
        try:
            request = jobs.RecipeRequest(preset="quick", resolution=28)
            outcomes.append(jobs.submit(alice, source_set, count=5, request=request).state)
        except jobs.JobRefused:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(5)]
    for act in ("start", "join"):
        for thread in threads:
            getattr(thread, act)()
    assert sorted(outcomes) == ["queued"] * 2 + ["refused"] * 3


def test_a_refused_job_leaves_its_source_set_open(alice, job_of, bare_set, settings):
    settings.MAX_ACTIVE_JOBS = 1
    job_of(alice)
    source_set = bare_set(alice)
    with pytest.raises(jobs.JobRefused):
        jobs.submit(alice, source_set, count=5, request=jobs.RecipeRequest(preset="quick", resolution=28))
    source_set.refresh_from_db()
    assert source_set.sealed_at is None


def test_what_no_memory_here_would_hold_is_refused_with_what_would_fit(alice, bare_set, api, monkeypatch):
    source_set = bare_set(alice)
    quick = memory.wanted(source_set, jobs.RecipeRequest(preset="quick", resolution=64))
    monkeypatch.setattr(memory, "machine", lambda: quick)
    asked = {"source_set": str(source_set.public_id), "count": 5, "preset": "quick", "resolution": 256}
    told = api(alice).post(API, asked).json()["errors"]["resolution"][0]
    assert "a resolution of 64 pixels" in told
    assert api(alice).post(API, asked | {"resolution": 64}).status_code == 201


def test_the_form_warns_before_the_job_is_started(alice, browser_of, bare_set, monkeypatch):
    monkeypatch.setattr(memory, "machine", lambda: 1000)
    address = f"/studio/source-sets/{bare_set(alice).public_id}/estimate/"
    assert "Nothing smaller would fit either" in text_of(browser_of(alice).get(address, FORM))


def test_where_workers_are_elsewhere_their_memory_is_not_known(settings, monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "GPU", tmp_path / "none")
    settings.EMBEDDED_VALKEY = True
    assert memory.machine() == footprint.machine_bytes()
    settings.EMBEDDED_VALKEY = False
    assert memory.machine() is None
