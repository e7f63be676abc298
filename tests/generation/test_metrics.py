"""/metrics: who may read it, what it counts, and what it says when something is gone."""

import asyncio
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families as parsed

from generation import claims, gauges, house, jobs, workers
from generation.models import JobEvent, JobTask
from generation.rooms import PersonRoom
from generation.watchers import Watcher

from .test_health import NOWHERE, register

URL = "/metrics"
TOKEN = "a-long-and-random-token-of-metrics"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def scrape(settings):
    """scrape() is {name: {labels: value}} as Prometheus reads it."""
    settings.METRICS_TOKEN = TOKEN

    def read() -> dict[str, dict[str, float]]:
        answer = Client().get(URL, headers={"Authorization": f"Bearer {TOKEN}", "Host": "10.1.2.3:8000"})
        assert answer.status_code == 200
        found: dict[str, dict[str, float]] = {}
        for family in parsed(answer.content.decode()):
            for sample in family.samples:
                found.setdefault(sample.name, {})[" ".join(sample.labels.values())] = sample.value
        return found

    return read


def test_jobs_and_tasks_are_counted(alice, bob, job_of, valkey, scrape):
    job_of(alice)
    jobs.cancel(job_of(bob))
    claims.claim("training", "host:1")
    found = scrape()
    assert found["ganerate_jobs"] == {"queued": 1, "running": 0, "stopping": 0}
    assert found["ganerate_jobs_ended_total"]["cancelled"] == 1
    assert found["ganerate_tasks"]["training running"] == 1
    assert found["ganerate_tasks"]["training cancelled"] == 1
    assert found["ganerate_events_total"][""] == JobEvent.objects.count() == 3
    assert found["ganerate_reachable"] == {"database": 1, "valkey": 1}


def test_the_oldest_wait_counts_from_when_a_task_could_be_taken(alice, job_of, valkey, scrape):
    job_of(alice)
    an_hour_ago, soon = (timezone.now() + timedelta(minutes=minutes) for minutes in (-60, 5))
    JobTask.objects.update(created_at=an_hour_ago)
    assert scrape()["ganerate_oldest_wait_seconds"]["training"] == pytest.approx(3600, abs=10)
    JobTask.objects.update(not_before=timezone.now() - timedelta(seconds=30))
    assert scrape()["ganerate_oldest_wait_seconds"]["training"] == pytest.approx(30, abs=10)
    JobTask.objects.update(not_before=soon)
    assert scrape()["ganerate_oldest_wait_seconds"] == dict.fromkeys(workers.QUEUES, 0)


def test_leases_and_failures_are_counted(alice, bob, job_of, valkey, scrape):
    job_of(alice)
    claims.claim("training", "host:1")
    JobTask.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert scrape()["ganerate_leases_overdue"][""] == 1
    job_of(bob)
    claims.claim("training", "host:2").fail("no", "because", final=True)
    found = scrape()
    assert (found["ganerate_tasks_given_up"]["train"], found["ganerate_jobs_ended_total"]["failed"]) == (1, 1)


def test_images_bytes_and_workers_are_counted(alice, dataset_of, valkey, scrape):
    dataset = dataset_of(alice, 10)
    register("training")
    found = scrape()
    assert found["ganerate_images_made_total"][""] == 10
    assert found["ganerate_stored_bytes"]["datasets"] == dataset.size > 0
    assert found["ganerate_storage_free_bytes"][""] > 0
    assert found["ganerate_workers"] == {"training": 1, "short": 0, "sampling": 0}


def test_tickets_are_counted(alice, job_of, valkey, scrape, transactional_db):
    job_of(alice)
    assert scrape()["ganerate_tickets"] == {"training": 1, "short": 0, "sampling": 0}


def test_requests_are_counted_by_method_and_outcome(client, alice, valkey, scrape):
    before = scrape()
    client.get("/accounts/login/")
    client.generic("BREW", "/nowhere/")
    after = scrape()
    assert rise(before, after, "GET 2xx") == 1
    assert rise(before, after, "other 4xx") == 1
    counts = [found["ganerate_request_seconds_count"][""] for found in (before, after)]
    assert counts[1] - counts[0] == 2
    assert after["process_resident_memory_bytes"][""] > 1e7


def rise(before, after, labels: str) -> float:
    return after["ganerate_requests_total"][labels] - before["ganerate_requests_total"].get(labels, 0)


def test_who_follows_through_this_process_is_counted(valkey, scrape, db):
    room = PersonRoom(1)
    room.watchers = {Watcher(None), Watcher(None)}
    before = scrape()["ganerate_watchers"][""]
    loop = asyncio.new_event_loop()
    house.houses.setdefault(loop, house.House()).rooms[room.group] = room
    assert scrape()["ganerate_watchers"][""] == before + 2
    del house.houses[loop]
    loop.close()


def test_without_valkey_the_rest_is_told(alice, job_of, monkeypatch, scrape):
    monkeypatch.setattr("django_rq.settings.QUEUES", dict.fromkeys(workers.QUEUES, NOWHERE))
    found = scrape()
    assert found["ganerate_reachable"] == {"database": 1, "valkey": 0}
    assert "ganerate_workers" not in found
    assert found["ganerate_jobs"]["queued"] == 0


def test_without_a_database_the_rest_is_told(valkey, db, monkeypatch, scrape):
    def gone() -> dict[str, int]:
        raise DatabaseError("server closed the connection")

    monkeypatch.setattr(gauges, "jobs", gone)
    register("short")
    found = scrape()
    assert found["ganerate_reachable"] == {"database": 0, "valkey": 1}
    assert not {"ganerate_jobs", "ganerate_events_total"} & set(found)
    assert found["ganerate_workers"]["short"] == 1


def answers(headers: dict[str, str] | None = None) -> int:
    return Client().get(URL, headers=headers or {}).status_code


def test_without_a_token_there_is_nothing_for_programs(db, settings):
    settings.METRICS_TOKEN = ""
    assert [answers(), answers({"Authorization": "Bearer "}), answers({"Authorization": "Bearer x"})] == [404] * 3


def test_a_wrong_token_is_told_so(db, settings):
    settings.METRICS_TOKEN = TOKEN
    assert [answers(), answers({"Authorization": f"Token {TOKEN}"})] == [404, 404]
    assert [answers({"Authorization": f"Bearer {wrong}"}) for wrong in ("x", TOKEN[:-1], f"{TOKEN}ü")] == [401] * 3


def test_staff_who_may_see_the_work_read_it_in_a_browser(browser_of, mod, alice, db):
    assert browser_of(mod).get(URL).status_code == 200
    assert browser_of(alice).get(URL).status_code == 404
    alice.is_staff = True
    alice.save()
    assert browser_of(alice).get(URL).status_code == 404


def test_nothing_is_posted_there(browser_of, mod, settings):
    settings.METRICS_TOKEN = TOKEN
    assert Client().post(URL, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 405
    assert browser_of(mod).post(URL).status_code == 405


def fill(job, tasks: int, events: int) -> None:
    states = ("queued", "done", "failed", "cancelled")
    shards = [
        JobTask(job=job, kind="sample", queue="sampling", first=n, count=1, state=states[n % 4]) for n in range(tasks)
    ]
    JobTask.objects.bulk_create(shards, batch_size=1000)
    JobEvent.objects.bulk_create([JobEvent(job=job, number=n + 2, kind="progress") for n in range(events)])


def test_a_scrape_costs_no_more_queries_for_more_rows(alice, job_of, valkey, scrape, django_assert_num_queries):
    job = job_of(alice)
    scrape()
    with django_assert_num_queries(12):
        scrape()
    fill(job, 300, 300)
    with django_assert_num_queries(12):
        scrape()


@pytest.mark.slow
def test_ten_thousand_tasks_and_a_hundred_thousand_events_take_50_ms(alice, job_of, valkey, scrape):
    """Of this process: how busy the machine is otherwise does not count."""
    fill(job_of(alice), 10_000, 100_000)
    assert scrape()["ganerate_tasks"]["sampling done"] == 2_500
    took = []
    for _ in range(5):
        started = time.process_time()
        scrape()
        took.append(time.process_time() - started)
    assert min(took) < 0.05


def test_the_rules_name_figures_that_there_are(alice, dataset_of, valkey, scrape):
    dataset_of(alice)
    text = (ROOT / "docs/watching.md").read_text()
    named = set(re.findall(r"\b(?:ganerate|process)_[a-z_]+[a-z]\b", text))
    there = scrape()
    assert len(named) > 10
    # A histogram is asked for by its parts.
    assert {name for name in named if name not in there} <= {"ganerate_request_seconds"}
