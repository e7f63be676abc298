"""Going on with the training of a job that failed, or was stopped early, in a new job."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from generation import jobs, leftovers, tasks
from generation.engine import training
from generation.models import GenerationJob, JobTask
from generation.tasks import handover, train

from .conftest import TINY

pytestmark = pytest.mark.usefixtures("transactional_db", "valkey", "brief")

LONGER = replace(TINY, kimg=1.28)


@pytest.fixture
def brief(monkeypatch):
    monkeypatch.setattr(train, "pilot_seconds", lambda *asked: 0.1)
    monkeypatch.setattr(train, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(train, "STORE_SECONDS", 0.0)
    monkeypatch.setattr(training, "TICK_SECONDS", 0.1)


@pytest.fixture
def whole(alice, drawn_set, run_all) -> GenerationJob:
    """A job that nothing disturbed."""
    job = jobs.submit(alice, drawn_set(alice), count=10, request=LONGER, seed=7)
    run_all()
    job.refresh_from_db()
    assert job.state == "succeeded", job.traceback
    return job


@pytest.fixture
def again(whole, monkeypatch):
    """again(breaks) is the same job once more, which does not get further than its third report."""

    def job_that(act) -> GenerationJob:
        job = jobs.submit(whole.owner, whole.source_set, count=10, request=LONGER, seed=7)
        GenerationJob.objects.filter(pk=job.pk).update(resolved=whole.resolved)
        seen = []

        def report(self, progress):
            seen.append(progress)
            if len(seen) == 3:
                act(job)

        with monkeypatch.context() as patch:
            patch.setattr(train.Reporter, "report", report)
            tasks.run_next("training")
        job.refresh_from_db()
        return job

    return job_that


def impossible(job: GenerationJob) -> None:
    raise train.Impossible("It was not to be.")


def check_same(job: GenerationJob, whole: GenerationJob) -> None:
    assert job.state == "succeeded", job.traceback
    assert job.generator.sha256 == whole.generator.sha256
    hashes = [dataset.files.get(kind="manifest").sha256 for dataset in (job.dataset, whole.dataset)]
    assert hashes[0] == hashes[1]


def test_only_the_rest_is_trained_and_the_result_is_that_of_an_undisturbed_run(again, whole, run_all):
    parent = again(impossible)
    assert parent.state == "failed"
    job = jobs.resume(parent, parent.owner)
    run_all()
    job.refresh_from_db()
    check_same(job, whole)
    start = job.events.get(kind="resumed").payload["data"]
    assert start == {"kimg": parent.tasks.get().output["kimg"], "attempt": 1, "parent": str(parent.public_id)}
    assert 0 < start["kimg"] < LONGER.kimg
    assert job.resolved == parent.resolved
    assert job.dataset.report["resumed"] == {"parent": str(parent.public_id), "kimg": start["kimg"]}


def test_a_training_that_was_stopped_early_can_be_gone_on_with(again, whole, run_all):
    parent = again(jobs.stop)
    run_all()
    parent.refresh_from_db()
    assert parent.state == "succeeded"
    assert parent.generator.sha256 != whole.generator.sha256
    job = jobs.resume(parent, parent.owner)
    run_all()
    job.refresh_from_db()
    check_same(job, whole)


def test_a_job_that_failed_after_its_training_goes_on_with_its_generator(whole, run_all):
    GenerationJob.objects.filter(pk=whole.pk).update(state="failed")
    whole.refresh_from_db()
    assert leftovers.resumable(whole) == whole.generator.checkpoint_key
    job = jobs.resume(whole, whole.owner)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.generator) == ("succeeded", whole.generator)
    assert not job.events.filter(kind="progress", payload__stage="training").exists()


def test_a_job_that_came_to_its_end_or_was_cancelled_keeps_no_checkpoint(again, whole):
    cancelled = again(lambda job: jobs.cancel(job) and impossible(job))
    for job in (whole, cancelled):
        leftovers.free(job)
        assert not leftovers.resumable(job)
        assert not default_storage.exists(f"jobs/{job.public_id}/checkpoints")


def test_a_checkpoint_is_kept_for_a_week_and_longer_only_for_a_job_that_needs_it(again, run_all):
    parent = again(impossible)
    leftovers.remove(parent)
    key = leftovers.resumable(parent)
    assert default_storage.exists(key)
    GenerationJob.objects.update(finished_at=timezone.now() - leftovers.RESUMABLE - timedelta(hours=1))
    job = jobs.resume(parent, parent.owner)
    assert leftovers.expire() == 0
    jobs.cancel(job)
    assert leftovers.expire() == 1
    assert not default_storage.exists(key)
    assert "checkpoint" not in parent.tasks.get().output


def test_a_job_whose_parents_checkpoint_is_gone_says_what_to_do(again, run_all):
    parent = again(impossible)
    job = jobs.resume(parent, parent.owner)
    leftovers.remove_checkpoints(parent)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.reason) == (
        "failed", "The training to go on with is not stored any more. Please run the job again.",
    )  # fmt: skip


def test_a_resumed_job_that_fails_at_once_can_be_resumed_from_where_it_began(again, monkeypatch):
    parent = again(impossible)
    job = jobs.resume(parent, parent.owner)
    with monkeypatch.context() as patch:
        patch.setattr(train, "tell_start", lambda claim, job, resume: impossible(job))
        tasks.run_next("training")
    job.refresh_from_db()
    assert job.state == "failed"
    assert leftovers.resumable(job) == leftovers.resumable(parent) != ""
    assert JobTask.objects.filter(job=job).count() == 1


def test_a_generator_that_can_not_be_handed_over_fails_without_losing_the_training(again, whole, run_all, monkeypatch):
    job = jobs.submit(whole.owner, whole.source_set, count=10, request=LONGER, seed=7)
    with monkeypatch.context() as patch:
        patch.setattr(handover, "hand_over", lambda *args: impossible(job))
        run_all()
    job.refresh_from_db()
    assert (job.state, job.tasks.get().output["kimg"]) == ("failed", LONGER.kimg)
    second = jobs.resume(job, job.owner)
    run_all()
    second.refresh_from_db()
    assert second.state == "succeeded", second.traceback
