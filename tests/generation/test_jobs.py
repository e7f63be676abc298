import re
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from generation import claims, estimates, jobs, room
from generation.models import GenerationJob, Generator, JobTask, Upload

from .conftest import TINY


def test_submitting_writes_the_job_its_first_task_and_its_first_event(alice, bare_set):
    job = jobs.submit(alice, bare_set(alice), count=5, request=TINY)
    assert (job.state, job.stage, job.resolved) == ("queued", "preparing", None)
    assert list(job.tasks.values_list("kind", "state")) == [("train", "queued")]
    assert list(job.events.values_list("number", "kind")) == [(1, "submitted")]
    assert 0 < job.expected_seconds[0] < job.expected_seconds[1]


def test_submitting_seals_the_source_set(alice, bare_set):
    source_set = bare_set(alice)
    jobs.submit(alice, source_set, count=5, request=TINY)
    assert source_set.sealed_at
    assert source_set.fingerprint == "f" * 64


def test_the_seed_is_part_of_what_was_requested(alice, bare_set):
    job = jobs.submit(alice, bare_set(alice), count=5, request=TINY, seed=7)
    assert (job.seed, job.requested["seed"]) == (7, 7)


def test_submitting_asks_the_database_no_more_for_many_images(alice, bare_set, drawn_set):
    queries = []
    for source_set in (drawn_set(alice, 50), drawn_set(alice, 300)):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            jobs.submit(alice, source_set, count=5, request=TINY)
        queries.append(len(captured))
        assert not [query for query in captured if "generation_sourceimage" in query["sql"]]
    assert queries[0] == queries[1]


@pytest.mark.parametrize("count", [0, -1, 1_000_001])
def test_a_count_out_of_range_is_refused(alice, bare_set, count):
    with pytest.raises(jobs.JobRefused) as refusal:
        jobs.submit(alice, bare_set(alice), count=count, request=TINY)
    assert list(refusal.value.errors) == ["count"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"usable_count": 49}, "at least 50"),
        ({"usable_count": 10_001}, "at most 10,000"),
        ({"declared_at": None}, "rights"),
    ],
)
def test_a_source_set_that_will_not_do_is_refused(alice, bare_set, fields, words):
    with pytest.raises(jobs.JobRefused, match=words) as refusal:
        jobs.submit(alice, bare_set(alice, **fields), count=5, request=TINY)
    assert list(refusal.value.errors) == ["source_set"]
    assert not GenerationJob.objects.exists()


def test_images_still_being_checked_are_waited_for(alice, bare_set):
    source_set = bare_set(alice)
    Upload.objects.create(source_set=source_set, file_name="a.zip", size=1, part_size=1, state="checking")
    with pytest.raises(jobs.JobRefused, match="still being checked"):
        jobs.submit(alice, source_set, count=5, request=TINY)


def test_labels_need_two_classes(alice, bare_set):
    request = replace(TINY, labels=True)
    with pytest.raises(jobs.JobRefused, match="two class folders"):
        jobs.submit(alice, bare_set(alice, label_counts={"cat": 60}), count=5, request=request)
    assert jobs.submit(alice, bare_set(alice, label_counts={"cat": 30, "dog": 30}), count=5, request=request)


def test_labels_with_too_few_images_are_named(alice, bare_set):
    source_set = bare_set(alice, label_counts={"cat": 50, "dog": 9, "owl": 1})
    with pytest.raises(jobs.JobRefused, match=r"at least 10 images.*dog \(9\), owl \(1\)") as refusal:
        jobs.submit(alice, source_set, count=5, request=replace(TINY, labels=True))
    assert list(refusal.value.errors) == ["labels"]


def test_all_that_is_wrong_is_told_at_once(alice, bare_set):
    with pytest.raises(jobs.JobRefused) as refusal:
        jobs.submit(alice, bare_set(alice, usable=3), count=0, request=replace(TINY, labels=True))
    assert set(refusal.value.errors) == {"count", "source_set", "labels"}


def test_more_images_of_a_generator_take_no_training(alice, dataset_of):
    generator = dataset_of(alice).generator
    Generator.objects.update(recipe=generator.recipe | {"preset": "quick", "fit": "crop"})
    generator.refresh_from_db()
    job = jobs.more(alice, generator, count=5)
    assert (job.starts_from, job.source_set, job.requested["resolution"]) == (generator, generator.source_set, 28)
    assert job.expected_seconds[1] < 30


def test_sizes_are_guessed_and_then_known(alice, bare_set, dataset_of):
    source_set = bare_set(alice, grey=True)
    guess = estimates.estimate(source_set, TINY, 1000)
    assert not guess.size_known
    dataset = dataset_of(alice, 64)
    known = estimates.estimate(source_set, TINY, 1000)
    assert known.size_known
    assert known.bytes[0] < dataset.size / 64 * 1000 < known.bytes[1]
    assert guess.bytes[1] / guess.bytes[0] > known.bytes[1] / known.bytes[0]


def test_a_queued_job_is_cancelled_at_once(alice, job_of):
    job = job_of(alice)
    assert jobs.cancel(job)
    assert job.state == "cancelled"
    assert job.finished_at
    assert JobTask.objects.get().state == "cancelled"
    assert job.events.last().kind == "cancelled"


def test_a_running_job_is_asked_to_stop(alice, job_of):
    job = job_of(alice)
    GenerationJob.objects.update(state="running")
    assert jobs.cancel(job)
    assert (job.state, job.stop_intent) == ("stopping", "discard")
    assert not jobs.stop(job)  # nothing outweighs discard


def test_keeping_the_best_may_still_be_discarded(alice, job_of):
    job = job_of(alice)
    GenerationJob.objects.update(state="running")
    assert jobs.stop(job)
    assert jobs.cancel(job)
    assert job.stop_intent == "discard"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_what_has_ended_stays_as_it_is(alice, job_of, state):
    job = job_of(alice)
    GenerationJob.objects.update(state=state, finished_at=timezone.now())
    assert not jobs.cancel(job)
    assert not jobs.stop(job)
    assert job.state == state


def test_stopping_while_sampling_drops_the_shards_that_wait(alice, job_of):
    job = job_of(alice)
    job.tasks.update(state="done")
    GenerationJob.objects.update(state="running", stage="sampling")
    claims.add_shards(job, 300, 64)
    claims.claim("sampling", "worker")
    jobs.stop(job)
    states = job.tasks.filter(kind="sample").values_list("state", flat=True)
    assert list(states) == ["running", *["cancelled"] * 4]


def test_more_images_than_the_disk_holds_are_refused_with_what_would_fit(alice, bare_set, dataset_of, monkeypatch):
    generator = dataset_of(alice, 8).generator
    generator.recipe |= {"preset": "quick", "fit": "crop"}
    monkeypatch.setattr(room, "free", lambda: 5_000_000)
    with pytest.raises(jobs.JobRefused) as caught:
        jobs.submit(alice, bare_set(alice), count=100_000, request=TINY)
    assert "4.8\xa0MB are free" in caught.value.errors["count"]
    most = int(re.search(r"About ([\d,]+) would fit", caught.value.errors["count"]).group(1).replace(",", ""))
    assert jobs.submit(alice, bare_set(alice), count=most, request=TINY).count == most
    with pytest.raises(jobs.JobRefused, match="no room"):
        jobs.more(alice, generator, count=100_000)


def test_a_store_that_does_not_say_how_much_is_free_takes_any_number(alice, bare_set, monkeypatch):
    monkeypatch.setattr(room, "free", lambda: None)
    assert jobs.submit(alice, bare_set(alice), count=1_000_000, request=TINY).state == "queued"
