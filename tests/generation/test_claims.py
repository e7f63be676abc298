import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from generation import claims, jobs
from generation.heartbeats import Heartbeat
from generation.models import GenerationJob, JobTask, Upload


def claim_in_threads(count: int) -> list[claims.Claim]:
    won, start = [], threading.Barrier(count)

    def one() -> None:
        start.wait()
        try:
            if claim := claims.claim("training", "worker"):
                won.append(claim)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


def test_of_many_workers_one_gets_the_task(alice, job_of, transactional_db):
    job_of(alice)
    assert len(claim_in_threads(6)) == 1
    assert JobTask.objects.get().fence == 1


def test_as_many_tasks_as_workers_are_each_claimed_once(alice, job_of, transactional_db):
    for _ in range(3):
        job_of(alice)
    assert len({claim.task.pk for claim in claim_in_threads(3)}) == 3


def test_an_empty_queue_gives_nothing(alice, job_of):
    job_of(alice)
    assert claims.claim("sampling", "worker") is None


def test_a_claim_says_who_holds_the_task_and_until_when(alice, job_of):
    job_of(alice)
    task = claims.claim("training", "worker 1").task
    assert (task.state, task.worker, task.attempt, task.fence) == ("running", "worker 1", 1, 1)
    assert timedelta(seconds=8) < task.lease_until - timezone.now() <= claims.LEASE


def test_who_has_least_running_goes_first(alice, bob, job_of):
    first, second, bobs = job_of(alice), job_of(alice), job_of(bob)
    order = [claims.claim("training", "worker").task.job for _ in range(3)]
    assert order == [first, bobs, second]


def test_the_writes_of_a_late_worker_are_refused(alice, job_of):
    job_of(alice)
    late = claims.claim("training", "late")
    JobTask.objects.update(state="queued")
    successor = claims.claim("training", "successor")
    assert not late.renew()
    assert not late.complete(output_key="late")
    assert not late.fail("late")
    with pytest.raises(claims.Lost):
        late.advance(kimg=1)
    assert successor.complete(output_key="good")
    assert JobTask.objects.get().output_key == "good"


def test_a_failed_task_is_tried_again_but_not_at_once(alice, job_of):
    job_of(alice)
    assert claims.claim("training", "worker").fail("no luck")
    assert claims.claim("training", "worker") is None
    JobTask.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    assert claims.claim("training", "worker").task.last_error == "no luck"


def fail_once(job: GenerationJob, **advance: object) -> None:
    JobTask.objects.update(not_before=None)
    claim = claims.claim("training", "worker")
    if advance:
        claim.advance(**advance)
    claim.fail("Traceback: no luck", "There was no luck.")
    job.refresh_from_db()


def test_three_failures_at_one_place_fail_the_job_with_a_reason(alice, job_of):
    job = job_of(alice)
    fail_once(job)
    fail_once(job)
    assert job.state == "queued"
    fail_once(job)
    assert (job.state, job.reason, job.traceback) == ("failed", "There was no luck.", "Traceback: no luck")
    assert job.events.last().kind == "failed"


def test_failures_further_on_count_anew(alice, job_of):
    job = job_of(alice)
    for kimg in range(4):
        fail_once(job, kimg=kimg, failures=0)
    assert job.state == "queued"


def test_the_heart_renews_the_lease_and_notices_when_it_is_lost(alice, job_of, transactional_db, monkeypatch):
    monkeypatch.setattr("generation.heartbeats.EVERY_SECONDS", 0.05)
    job = job_of(alice)
    claim = claims.claim("training", "worker")
    JobTask.objects.update(lease_until=timezone.now())
    with Heartbeat(claim) as alive:
        alive.lost.wait(0.5)
        assert alive()
        assert JobTask.objects.get().lease_until > timezone.now() + timedelta(seconds=5)
        jobs.endings.cancel(job)
        assert alive.lost.wait(5)
        assert not alive()


def test_an_upload_whose_check_keeps_failing_fails_with_a_reason(alice, bare_set, django_capture_on_commit_callbacks):
    source_set = bare_set(alice)
    upload = Upload.objects.create(
        source_set=source_set, file_name="a.zip", size=1, part_size=1, state=Upload.State.CHECKING
    )
    usable = {"verdict": "accepted", "key": "source-sets/1.png", "pixel_sha256": "1" * 64}
    source_set.images.create(upload=upload, number=1, file_name="1.png", **usable)
    claims.add("intake", upload=upload)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(claims.MAX_FAILURES):
            JobTask.objects.update(not_before=None)
            claims.claim("short", "worker").fail("Traceback", "It could not be read.")
    upload.refresh_from_db()
    source_set.refresh_from_db()
    assert (upload.state, upload.reason) == ("failed", "It could not be read.")
    assert source_set.usable_count == 1
