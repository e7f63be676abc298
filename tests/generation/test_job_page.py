"""What the page of a job is given to show: where it stands, and how it ended."""

import html
import json
import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from generation import endings, events
from generation.models import GenerationJob

pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def data_of(response, name: str) -> dict:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', response.content.decode())
    return json.loads(found[1])


def running(job: GenerationJob, stage: str = "training") -> GenerationJob:
    GenerationJob.objects.filter(pk=job.pk).update(state="running", stage=stage, started_at=timezone.now())
    job.refresh_from_db()
    return job


def test_time_that_was_left_a_while_ago_is_counted_down_to_now(alice, browser_of, job_of):
    job = running(job_of(alice))
    events.tick(job, {"kimg": 1.0, "seconds_left": [100.0, 150.0]})
    job.snapshot["at"] = (timezone.now() - timedelta(seconds=60)).isoformat()
    job.save(update_fields=["snapshot"])
    low, high = data_of(browser_of(alice).get(job.get_absolute_url()), "snapshot")["data"]["seconds_left"]
    assert 30 < low <= 40
    assert 80 < high <= 90


def test_the_page_knows_up_to_which_event_its_snapshot_speaks(alice, browser_of, job_of):
    job = running(job_of(alice))
    events.record(job, "stage", {}, stage="training")
    live = data_of(browser_of(alice).get(job.get_absolute_url()), "live")
    assert live["last"] == 2
    assert live["started"]


def test_each_gauge_has_a_name_and_a_sentence(alice, browser_of, job_of):
    response = browser_of(alice).get(running(job_of(alice)).get_absolute_url())
    words = data_of(response, "words")["gauges"]
    for name in re.findall(r'data-gauge="(\w+)"', response.content.decode()):
        assert words[name]


def test_a_job_that_succeeded_shows_its_images_and_what_comes_next(alice, browser_of, dataset_of):
    dataset = dataset_of(alice)
    page = text_of(browser_of(alice).get(dataset.job.get_absolute_url()))
    assert "10 images are ready" in page
    assert f"/studio/datasets/{dataset.public_id}/cover/" in page
    assert f'href="/studio/generators/{dataset.generator.public_id}/?count=10"' in page
    assert f'href="{dataset.job.get_absolute_url()}again/"' in page


def test_a_training_that_failed_can_be_gone_on_with(alice, mod, browser_of, job_of):
    job = running(job_of(alice))
    key = default_storage.save(f"jobs/{job.public_id}/checkpoints/1-1.pt", ContentFile(b"weights"))
    job.tasks.update(output={"checkpoint": key})
    endings.fail(job, "The moon was in the way.")
    page = text_of(browser_of(alice).get(job.get_absolute_url()))
    assert "the training can go on from where it was last stored" in page
    assert f'action="{job.get_absolute_url()}resume/"' in page
    assert "resume/" not in text_of(browser_of(mod).get(job.get_absolute_url()))


def test_what_failed_too_early_can_be_run_again(alice, browser_of, job_of):
    job = running(job_of(alice), "preparing")
    endings.fail(job, "There was no room.")
    page = text_of(browser_of(alice).get(f"{job.get_absolute_url()}ending/"))
    assert "resume/" not in page
    assert f'href="{job.get_absolute_url()}again/"' in page


def test_strangers_see_no_ending(charlie, alice, browser_of, job_of):
    address = f"{job_of(alice).get_absolute_url()}ending/"
    assert browser_of(charlie).get(address).status_code == 404
    assert browser_of(alice).post(address).status_code == 405
