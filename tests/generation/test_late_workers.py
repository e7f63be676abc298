"""A worker that slept past its lease and wakes up: whatever it still writes is refused."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError, transaction
from django.utils import timezone

from generation import claims, events, jobs, leftovers, notes, recovery, tasks
from generation.heartbeats import Heartbeat
from generation.models import Dataset, GenerationJob, Generator, JobTask
from generation.tasks import finish, reporting, sample, train
from generation.tasks.disturbances import passes
from generation.tasks.endings_of_work import Cancelled

pytestmark = pytest.mark.usefixtures("transactional_db", "valkey")


@pytest.fixture
def late(alice, job_of) -> claims.Claim:
    """A claim whose task another worker has by now."""
    job_of(alice)
    claim = claims.claim("training", "late")
    train.begin(claim.task.job, claim)
    GenerationJob.objects.update(resolved={"kimg": 1.0, "pilot": {"images_per_second": 100.0}}, first_slot=0)
    JobTask.objects.update(state="queued")
    assert claims.claim("training", "successor").fence == 2
    claim.task.job.refresh_from_db()
    return claim


def story() -> dict[str, object]:
    job = GenerationJob.objects.get()
    return {
        "events": list(job.events.values_list("number", "kind")),
        "job": (job.state, job.stage, job.snapshot, job.resolved, job.generator_id, job.last_event),
        "task": JobTask.objects.values("state", "fence", "output", "output_key", "worker").get(),
        "made": (Generator.objects.count(), Dataset.objects.count()),
    }


def store(claim: claims.Claim) -> None:
    keeper = train.Keeper(claim.task.job, claim, None)
    keeper.store(SimpleNamespace(kimg=0.5, to_bytes=lambda: b"late"))


def show(claim: claims.Claim) -> None:
    reporter = reporting.Reporter.__new__(reporting.Reporter)
    reporter.job, reporter.claim = claim.task.job, claim
    reporter.show(np.zeros((4, 28, 28, 1), dtype=np.uint8), 0.5)


def commit_shard(claim: claims.Claim) -> None:
    file = SimpleNamespace(end=lambda: "digest", store=lambda key: None)
    screen = SimpleNamespace(made=1, rejected_at_first=0, environment={})
    sample.commit(claim, claim.task.job, file, screen, SimpleNamespace(see=lambda **figures: None, data={}))


WRITES = {
    "an event": lambda claim: events.record(claim.task.job, "progress", {"kimg": 0.5}),
    "a stage": lambda claim: events.record(claim.task.job, "stage", {}, stage="sampling"),
    "a tick": lambda claim: events.tick(claim.task.job, {"kimg": 0.5}),
    "a note": lambda claim: notes.tell(claim.task.job, "collapse", 0.5, {"back_to": 0.25}),
    "a preview": show,
    "a checkpoint": store,
    "a shard": commit_shard,
    "a dataset": lambda claim: finish.commit(claim, claim.task.job, None),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_what_a_late_worker_writes_is_refused(late, write):
    before = story()
    with pytest.raises(claims.Lost):
        write(late)
    assert story() == before
    assert [path for path in Path(default_storage.location).rglob("*") if path.is_file()] == []


def test_an_end_that_a_late_worker_tells_is_refused(late):
    before = story()
    assert not late.fail("late", "It came late.", final=True)
    assert not late.hand_back()
    assert not late.put_off("late", 1)
    assert not late.complete("late")
    assert story() == before


def test_the_fence_is_asked_in_the_transaction_of_the_event(alice, job_of):
    """The task is lost after the worker has looked and before it commits."""
    job_of(alice)
    claim = claims.claim("training", "late")
    job = claim.task.job

    def lost_meanwhile() -> None:
        with transaction.atomic():
            JobTask.objects.update(state="queued", fence=2)
            events.record(job, "progress", {})

    with pytest.raises(claims.Lost):
        lost_meanwhile()
    assert job.events.count() == 1


def test_what_is_told_of_an_ended_task_stays_possible_for_who_ended_it(alice, job_of):
    job_of(alice)
    claim = claims.claim("training", "worker")
    with transaction.atomic():
        claim.finish()
        events.record(claim.task.job, "stage", {}, stage="sampling")
    assert claim.task.job.events.last().kind == "stage"


def test_a_job_that_is_cancelled_at_the_last_moment_is_not_delivered(alice, job_of):
    job_of(alice)
    claim = claims.claim("training", "worker")
    GenerationJob.objects.update(state="stopping", stop_intent="discard")
    with pytest.raises(Cancelled):
        finish.commit(claim, claim.task.job, None)
    assert JobTask.objects.get().state == "running"
    assert not Dataset.objects.exists()


def test_a_worker_that_wakes_asks_before_anything_else(late, monkeypatch):
    alive = Heartbeat(late)
    assert alive()
    monkeypatch.setattr(alive, "renewed", alive.renewed - 60)
    assert not alive()


def test_a_database_that_does_not_answer_takes_no_claim_away(alice, job_of, monkeypatch):
    def locked() -> bool:
        raise OperationalError("database is locked")

    job_of(alice)
    claim = claims.claim("training", "worker")
    alive = Heartbeat(claim)
    alive.renewed -= 60
    with monkeypatch.context() as patch:
        patch.setattr(claim, "renew", locked)
        alive.beat()
    assert not alive.lost.is_set()
    alive.beat()
    assert JobTask.objects.get().lease_until > timezone.now()


def test_a_disturbance_is_waited_for_and_is_no_failure(alice, job_of, monkeypatch):
    def disturbed(claim, alive):
        raise ConnectionError("The store refuses.")

    job_of(alice)
    monkeypatch.setattr(tasks, "do", disturbed)
    for met in range(1, 6):
        JobTask.objects.update(not_before=None)
        assert tasks.run_next("training")
        task = JobTask.objects.get()
        assert (task.state, task.output["disturbances"]) == ("queued", met)
        assert "failures" not in task.output
        assert "The store refuses." in task.last_error


@pytest.mark.parametrize(
    ("error", "passing"),
    [(OSError(28, "No space left"), False), (OSError(5, "I/O"), True), (ValueError(), False), (MemoryError(), False)],
)
def test_what_passes_by_itself(error, passing):
    assert passes(error) == passing


def test_a_cancelled_end_frees_the_store_at_once(alice, job_of, monkeypatch):

    def cancelled(claim, alive):
        jobs.cancel(claim.task.job)
        raise Cancelled

    job = job_of(alice)
    GenerationJob.objects.update(state="running")
    for key in (f"shards/{job.public_id}/0-1.zip", f"jobs/{job.public_id}/checkpoints/1-1.pt", "datasets/1/a.zip"):
        default_storage.save(key, ContentFile(b"x"))
    JobTask.objects.update(output={"checkpoint": "x", "unfinished": "datasets/1"})
    monkeypatch.setattr(tasks, "do", cancelled)
    tasks.run_next("training")
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert not any(default_storage.exists(f) for f in (f"shards/{job.public_id}", "datasets/1"))
    assert not default_storage.exists(f"jobs/{job.public_id}/checkpoints")
    assert recovery.sweep() == 0


def test_what_was_committed_stays_when_something_fails_after_it(alice, job_of):
    job_of(alice)
    claim = claims.claim("training", "worker")
    default_storage.save("datasets/1/a.zip", ContentFile(b"x"))
    claim.advance(unfinished="datasets/1")
    claim.finish()
    assert leftovers.remove_unfinished(claim.task)
    assert default_storage.exists("datasets/1/a.zip")
    JobTask.objects.update(state="queued")
    assert leftovers.remove_unfinished(claim.task)
    assert not default_storage.exists("datasets/1/a.zip")
