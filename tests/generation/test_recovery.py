from datetime import timedelta

import django_rq
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone, translation

from generation import claims, endings, jobs, leftovers, memory, recovery, tasks
from generation import tickets as queue_tickets
from generation.models import GenerationJob, JobTask
from generation.tasks import sample


def lose(claim: claims.Claim) -> None:
    JobTask.objects.filter(pk=claim.task.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    recovery.sweep()


def age(seconds: int = 10) -> None:
    JobTask.objects.update(created_at=F("created_at") - timedelta(seconds=seconds))


def tickets(queue: str = "training") -> list[str]:
    return django_rq.get_queue(queue).get_job_ids()


def test_a_task_is_ticketed_after_commit(alice, job_of, valkey, transactional_db):
    job = job_of(alice)
    assert tickets() == [f"task-{job.tasks.get().pk}-0"]
    ticket = django_rq.get_queue("training").fetch_job(tickets()[0])
    assert (ticket.func_name, ticket.kwargs) == ("generation.tasks.work", {"queue": "training"})


def test_a_lost_workers_task_goes_back_with_a_new_ticket(alice, job_of, valkey, transactional_db):
    job_of(alice)
    claim = claims.claim("training", "worker")
    lose(claim)
    task = JobTask.objects.get()
    assert (task.state, task.last_error) == ("queued", "worker lost")
    assert f"task-{task.pk}-1" in tickets()
    assert claims.claim("training", "successor").fence == 2


def test_a_worker_that_still_renews_keeps_its_task(alice, job_of):
    job_of(alice)
    claims.claim("training", "worker")
    assert recovery.sweep() == 0
    assert JobTask.objects.get().state == "running"


def test_a_checkpoint_between_reading_and_writing_is_not_overwritten(alice, job_of):
    job_of(alice)
    claim = claims.claim("training", "worker")
    JobTask.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    seen = JobTask.objects.get()
    claim.advance(checkpoint="new")
    assert not recovery.put_back(seen)
    assert JobTask.objects.get().output["checkpoint"] == "new"


def test_three_lost_workers_at_one_place_fail_the_job(alice, job_of):
    job = job_of(alice)
    for _ in range(3):
        lose(claims.claim("training", "worker"))
    job.refresh_from_db()
    assert job.state == "failed"
    assert "The worker was lost several times" in job.reason


def test_the_reason_is_in_the_owners_language(alice, job_of, monkeypatch):
    monkeypatch.setattr(memory, "lost", lambda task: translation.get_language())
    type(alice).objects.update(language="ko")
    job = job_of(alice)
    for _ in range(3):
        lose(claims.claim("training", "worker"))
    job.refresh_from_db()
    assert job.reason == "ko"


ENDINGS = [endings.cancel, lambda job: endings.fail(job, "because")]


@pytest.mark.parametrize("end", ENDINGS)
def test_what_an_ended_job_no_longer_needs_is_swept_and_its_samples_stay(alice, job_of, end):
    job = job_of(alice)
    needless = [f"shards/{job.public_id}/0-1.zip", f"jobs/{job.public_id}/checkpoints/1-1.pt"]
    kept = [f"jobs/{job.public_id}/previews/1.png", "generators/x.pt"]
    for key in [*needless, *kept]:
        default_storage.save(key, ContentFile(b"x"))
    end(job)
    assert recovery.sweep() == 0  # a worker may still be about to write
    GenerationJob.objects.update(finished_at=timezone.now() - leftovers.GRACE)
    assert recovery.sweep() == 1
    assert [default_storage.exists(key) for key in [*needless, *kept]] == [False, False, True, True]
    assert recovery.sweep() == 0


def test_files_of_a_running_job_are_left_alone(alice, job_of):
    job = job_of(alice)
    default_storage.save(f"shards/{job.public_id}/0-1.zip", ContentFile(b"x"))
    recovery.sweep()
    assert default_storage.exists(f"shards/{job.public_id}/0-1.zip")


def test_a_lost_ticket_is_put_again(alice, job_of, valkey, transactional_db):
    job_of(alice)
    valkey.flushall()
    assert recovery.sweep() == 0  # it may only just have been taken
    age()
    assert recovery.sweep() == 1
    assert len(tickets()) == 1
    assert recovery.sweep() == 0


def test_a_task_submitted_while_valkey_is_down_is_found_later(alice, job_of, valkey, transactional_db, monkeypatch):
    with monkeypatch.context() as patch:
        nowhere = {"URL": "unix:///nowhere.sock", "DEFAULT_TIMEOUT": -1}
        patch.setattr("django_rq.settings.QUEUES", dict.fromkeys(("short", "training", "sampling"), nowhere))
        job_of(alice)
        age()
        assert recovery.sweep() == 0
    assert recovery.sweep() == 1
    assert len(tickets()) == 1


def test_a_task_that_backs_off_gets_no_ticket_yet(alice, job_of, valkey, transactional_db):
    job_of(alice)
    valkey.flushall()
    age()
    JobTask.objects.update(not_before=timezone.now() + timedelta(seconds=60))
    assert recovery.sweep() == 0


def test_a_second_ticket_finds_nothing_to_do(alice, job_of, transactional_db):
    job = job_of(alice)
    jobs.cancel(job)
    assert not tasks.run_next("training")


@pytest.mark.parametrize("intent", ["discard"])
def test_a_job_that_was_cancelled_between_two_tasks_ends(alice, job_of, intent):
    job = job_of(alice)
    claim = claims.claim("training", "worker")
    type(job).objects.update(state="running")
    assert jobs.cancel(job)
    claim.fail("disturbed")
    recovery.sweep()
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_job_with_all_shards_and_no_finish_gets_one(alice, job_of):
    job = job_of(alice)
    job.tasks.update(kind="sample", state="done")
    type(job).objects.update(state="running")
    recovery.sweep()
    assert list(job.tasks.filter(state="queued").values_list("kind", flat=True)) == ["finish"]
    assert not recovery.add_finish(job)


def test_a_job_that_nobody_works_on_fails_with_a_reason(alice, job_of):
    job = job_of(alice)
    job.tasks.all().delete()
    recovery.sweep()
    job.refresh_from_db()
    assert (job.state, bool(job.reason)) == ("failed", True)


def test_the_command_sweeps_once(alice, job_of):
    job_of(alice)
    claim = claims.claim("training", "worker")
    JobTask.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    call_command("sweep", "--once")
    assert not claim.renew()


def test_the_sweeper_puts_enough_tickets_and_no_more(alice, job_of, valkey, transactional_db, monkeypatch):
    monkeypatch.setattr(recovery, "ENOUGH_TICKETS", 3)
    job = job_of(alice)
    claims.add_shards(job, 10, 1)
    valkey.flushall()
    age()
    assert recovery.put_missing_tickets("sampling") == 3
    assert len(tickets("sampling")) == 3
    assert recovery.put_missing_tickets("sampling") == 0


def test_a_worker_that_stays_takes_a_ticket_for_each_further_task(alice, job_of, valkey, transactional_db):
    claims.add_shards(job_of(alice), 2, 1)
    for left in (1, 0, 0):
        queue_tickets.take("sampling")
        assert len(tickets("sampling")) == left
    assert len(valkey.keys("rq:job:task-*")) == 1  # the training's


def test_a_file_whose_commit_went_through_stays_whatever_was_heard_of_it(alice, job_of):
    job_of(alice)
    claim = claims.claim("training", "worker")
    for key in ("shards/1/kept", "shards/1/late"):
        default_storage.save(key, ContentFile(b"x"))
    claim.finish(output_key="shards/1/kept")
    for key in ("shards/1/kept", "shards/1/late"):
        leftovers.remove_uncommitted(claim.task, key)
    assert default_storage.listdir("shards/1")[1] == ["kept"]


def test_progress_is_told_without_looking_at_every_shard(alice, job_of, django_assert_num_queries):
    job = job_of(alice, 10)
    claims.add_shards(job, 10, 1)
    sample.count(job, 4, {"done": 1, "made": 2, "rejected": 1})
    claim = claims.claim("sampling", "worker")
    claim.advance(done=1, made=1, rejected=0)
    with django_assert_num_queries(2):
        assert sample.progress(job) == {"done": 5, "of": 10, "made": 9, "rejected": 4}
