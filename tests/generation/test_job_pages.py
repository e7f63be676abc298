import html
from datetime import timedelta

import pytest
from django.utils import timezone

from generation import endings, events, jobs
from generation.models import GenerationJob, Generator, JobTask

URL = "/studio/jobs/"
STAGES = GenerationJob.Stage.values


def text_of(response) -> str:
    assert response.status_code == 200
    return html.unescape(response.content.decode())


@pytest.fixture
def each_state(alice, job_of, dataset_of) -> dict[str, GenerationJob]:
    made = {state: job_of(alice) for state in ("queued", "running", "stopping", "failed", "cancelled")}
    for state in ("running", "stopping"):
        GenerationJob.objects.filter(pk=made[state].pk).update(state=state, started_at=timezone.now())
    endings.fail(made["failed"], "The moon was in the way.")
    endings.cancel(made["cancelled"])
    return made | {"succeeded": dataset_of(alice).job}


@pytest.mark.parametrize(
    ("query", "states"),
    [
        ("", {"queued", "running", "stopping", "failed", "cancelled", "succeeded"}),
        ("?state=active", {"queued", "running", "stopping"}),
        ("?state=failed", {"failed"}),
        ("?state=succeeded", {"succeeded"}),
        ("?state=nonsense", {"queued", "running", "stopping", "failed", "cancelled", "succeeded"}),
    ],
)
def test_jobs_are_listed_by_state(alice, browser_of, each_state, query, states):
    page = browser_of(alice).get(URL + query)
    assert {job.state for job in page.context["page"]} == states
    assert {value: count for value, _name, count in page.context["filters"]}["active"] == 3


def test_the_list_asks_again_only_while_something_runs(alice, browser_of, each_state):
    client = browser_of(alice)
    assert 'hx-trigger="every 3s"' in text_of(client.get(URL))
    assert "hx-trigger" not in text_of(client.get(f"{URL}?state=failed"))
    fragment = text_of(client.get(URL, headers={"HX-Target": "jobs"}))
    assert fragment.strip().startswith('<div class="stack" id="jobs"')
    assert "<html" not in fragment


def test_a_running_job_shows_how_far_it_is_and_its_newest_sample(alice, browser_of, job_of):
    job = job_of(alice)
    GenerationJob.objects.update(state="running", stage="training")
    job.refresh_from_db()
    events.tick(job, {"fraction": 0.43, "seconds_left": [100, 300]})
    JobTask.objects.update(output={"previews": 3})
    page = text_of(browser_of(alice).get(URL))
    assert 'value="0.43"' in page
    assert "1.5 to 5 minutes left" in page
    assert f"{URL}{job.public_id}/previews/3/" in page


def test_figures_of_an_earlier_stage_are_not_taken_for_those_of_this_one(alice, job_of):
    job = job_of(alice)
    GenerationJob.objects.update(state="running", stage="training")
    job.refresh_from_db()
    events.tick(job, {"fraction": 0.99})
    events.record(job, "stage", {}, stage="sampling")
    assert events.snapshot(job)["data"] == {}


def test_an_empty_list_says_what_to_do_first(alice, browser_of, bare_set):
    assert "Upload yours first" in text_of(browser_of(alice).get(URL))
    source_set = bare_set(alice)
    assert f"/studio/source-sets/{source_set.public_id}/generate/" in text_of(browser_of(alice).get(URL))


def test_a_list_shows_ones_own_jobs(alice, charlie, browser_of, job_of):
    job_of(charlie)
    assert "No generation jobs yet" in text_of(browser_of(alice).get(URL))


def queries(client, address: str, captured) -> int:
    with captured as found:
        assert client.get(address).status_code == 200
    return len(found)


def test_a_list_asks_no_more_for_more_jobs(alice, browser_of, each_state, job_of, django_assert_max_num_queries):
    client = browser_of(alice)
    client.get(URL)
    few = queries(client, URL, django_assert_max_num_queries(10))
    for _ in range(4):
        job_of(alice)
    assert queries(client, URL, django_assert_max_num_queries(10)) == few


def test_a_page_asks_no_more_for_more_events(alice, browser_of, job_of, django_assert_max_num_queries):
    client, job = browser_of(alice), job_of(alice)
    client.get(job.get_absolute_url())
    few = queries(client, job.get_absolute_url(), django_assert_max_num_queries(10))
    for _ in range(30):
        events.record(job, "progress", {"kimg": 1})
    assert queries(client, job.get_absolute_url(), django_assert_max_num_queries(10)) == few
    assert queries(client, f"{job.get_absolute_url()}news/", django_assert_max_num_queries(6)) <= 6


WORDS = {
    "queued": "Waiting for its turn",
    "running": "Stop and keep the best",
    "stopping": "Stopping",
    "failed": "The moon was in the way.",
    "cancelled": "This job was cancelled.",
    "succeeded": "Open the dataset",
}


@pytest.mark.parametrize("state", WORDS)
def test_a_job_has_a_page_in_every_state(alice, mod, browser_of, each_state, state):
    address = each_state[state].get_absolute_url()
    assert WORDS[state] in text_of(browser_of(alice).get(address))
    assert '<form method="post" action="' + address not in text_of(browser_of(mod).get(address))


@pytest.mark.parametrize("stage", STAGES)
def test_a_job_has_a_page_in_every_stage(alice, browser_of, job_of, stage):
    job = job_of(alice)
    GenerationJob.objects.update(state="running", stage=stage, started_at=timezone.now())
    page = text_of(browser_of(alice).get(job.get_absolute_url()))
    assert f'<h2 id="progress-title" class="eyebrow">{stage}' in page


def test_a_failed_job_says_when_it_failed_why_and_what_to_do_next(alice, browser_of, job_of):
    job = job_of(alice)
    GenerationJob.objects.update(stage="packing")
    endings.fail(job, "There was no room.")
    page = text_of(browser_of(alice).get(job.get_absolute_url()))
    assert "This job failed while packing." in page
    assert "There was no room." in page
    assert f'href="{job.get_absolute_url()}again/"' in page


def test_a_job_that_failed_after_its_training_leads_to_the_trained_model(alice, browser_of, dataset_of):
    job = dataset_of(alice).job
    job.dataset.delete()
    GenerationJob.objects.update(state="failed", reason="There was no room.")
    page = text_of(browser_of(alice).get(job.get_absolute_url()))
    assert f'/studio/generators/{job.generator.public_id}/?count={job.count}"' in page


def test_a_job_that_ended_leads_to_all_that_came_of_it(alice, browser_of, dataset_of):
    dataset = dataset_of(alice)
    page = text_of(browser_of(alice).get(dataset.job.get_absolute_url()))
    for address in (dataset.get_absolute_url(), dataset.job.source_set.get_absolute_url()):
        assert f'href="{address}"' in page
    assert f"/studio/generators/{dataset.generator.public_id}/" in page
    assert f"/studio/datasets/{dataset.public_id}/sell/" in page or "Make a listing" in page


def test_news_are_what_happened_after_a_number_and_where_the_job_stands(alice, browser_of, job_of):
    job = job_of(alice)
    events.record(job, "claimed", {})
    client = browser_of(alice)
    news = client.get(f"{job.get_absolute_url()}news/?after=1").json()
    assert [event["number"] for event in news["events"]] == [2]
    assert (news["snapshot"]["number"], news["snapshot"]["state"]) == (None, "queued")
    assert client.get(f"{job.get_absolute_url()}news/?after=x").json()["events"][0]["number"] == 1
    assert client.post(f"{job.get_absolute_url()}news/").status_code == 405


@pytest.fixture
def generator(alice, dataset_of) -> Generator:
    generator = dataset_of(alice).generator
    generator.recipe |= {"preset": "quick", "fit": "crop"}
    generator.save()
    return generator


def test_a_trained_model_makes_more_images(alice, browser_of, generator):
    address = f"/studio/generators/{generator.public_id}/"
    client = browser_of(alice)
    assert 'value="77"' in text_of(client.get(f"{address}?count=77"))
    assert client.post(address, {"count": "77"}).status_code == 302
    job = GenerationJob.objects.first()
    assert (job.count, job.starts_from, job.state) == (77, generator, "queued")


@pytest.mark.parametrize("count", ["0", "-1", "1000001", "many", ""])
def test_more_images_are_counted_by_the_same_rule(alice, browser_of, generator, count):
    page = browser_of(alice).post(f"/studio/generators/{generator.public_id}/", {"count": count})
    assert page.status_code == 422
    assert "Choose between 1 and 1,000,000 images." in page.content.decode()
    assert not jobs.GenerationJob.objects.filter(starts_from__isnull=False).exists()


def test_staff_look_at_a_trained_model_but_do_not_use_it(mod, charlie, browser_of, generator):
    address = f"/studio/generators/{generator.public_id}/"
    assert "Generate more images" not in text_of(browser_of(mod).get(address))
    assert browser_of(mod).post(address, {"count": "5"}).status_code == 404


def test_how_long_a_job_took_is_counted_from_its_first_worker(alice, job_of):
    job = job_of(alice)
    assert job.seconds is None
    job.started_at = timezone.now()
    job.finished_at = job.started_at + timedelta(seconds=90)
    assert job.seconds == 90
