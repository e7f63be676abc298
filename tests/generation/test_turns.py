import time

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from generation import claims, jobs, turns
from generation.models import GenerationJob, JobTask


@pytest.fixture
def queued(job_of, settings):
    """queued(owner, count) is that many jobs of one set, none of which has begun."""
    settings.MAX_ACTIVE_JOBS = 100

    def make(owner, count: int) -> list[GenerationJob]:
        like = job_of(owner)
        fields = {
            "owner_id": owner.pk,
            "source_set": like.source_set,
            "count": 10,
            "seed": 7,
            "requested": like.requested,
        }
        return [like, *(jobs.begin(**fields) for _ in range(count - 1))]

    return make


def served(queue: str = "training") -> GenerationJob:
    """What a worker does next, done at once."""
    claim = claims.claim(queue, "worker")
    claim.complete()
    return claim.task.job


def test_fifty_jobs_of_one_do_not_keep_another_waiting(alice, bob, queued, job_of):
    alices = queued(alice, 50)
    running = claims.claim("training", "worker")
    bobs = job_of(bob)
    assert running.task.job == alices[0]
    running.complete()
    assert [served() for _ in range(3)] == [bobs, alices[1], alices[2]]


def test_sellers_take_turns_and_each_in_their_own_order(alice, bob, charlie, queued):
    waiting = {person: queued(person, 3) for person in (alice, bob, charlie)}
    expected = [waiting[person][n] for n in range(3) for person in (alice, bob, charlie)]
    assert [served() for _ in expected] == expected


def test_whoever_comes_back_at_once_waits_for_the_others(alice, bob, charlie, queued, job_of):
    """Two who always have one job waiting do not starve a third who has many."""
    alices = queued(alice, 20)
    order = []
    for person in (bob, charlie):
        job_of(person)
    for _ in range(12):
        job = served()
        order.append(job.owner)
        if job.owner != alice:
            job_of(job.owner)
    assert [order.count(person) for person in (alice, bob, charlie)] == [4, 4, 4]
    assert served() in alices


def test_with_several_workers_nobody_is_left_out(alice, bob, queued, job_of):
    queued(alice, 10)
    running = [claims.claim("training", f"worker {n}") for n in range(3)]
    bobs = job_of(bob)
    running[1].complete()
    assert claims.claim("training", "worker 1").task.job == bobs


def test_a_million_images_do_not_keep_a_small_job_waiting(alice, bob, job_of):
    large, small = job_of(alice), job_of(bob)
    claims.add_shards(large, 1_000_000, 4096)
    first = [served("sampling") for _ in range(10)]
    claims.add_shards(small, 10_000, 4096)
    assert first == [large] * 10
    assert [served("sampling") for _ in range(6)] == [small, large, small, large, small, large]


def test_a_job_whose_images_are_made_is_packed_before_the_owners_later_ones(alice, job_of):
    first, second = job_of(alice), job_of(alice)
    claims.add_shards(first, 100, 64)
    claims.add_shards(second, 1_000_000, 4096)
    assert [served("sampling"), served("sampling")] == [first, first]
    claims.add(JobTask.Kind.FINISH, job=first)
    assert claims.claim("sampling", "worker").task.kind == "finish"


def test_what_was_cancelled_does_not_cost_a_turn(alice, bob, queued, job_of):
    for job in queued(alice, 20):
        jobs.cancel(job)
    queued(bob, 2)
    alices = job_of(alice)
    assert [served().owner for _ in range(3)] == [bob, alice, bob]
    assert alices.tasks.get().turn == 0


def test_a_task_that_failed_keeps_its_turn(alice, queued):
    first, second = queued(alice, 2)
    claims.claim("training", "worker").fail("no luck")
    assert claims.claim("training", "worker").task.job == second
    JobTask.objects.update(not_before=None)
    assert claims.claim("training", "worker").task.job == first


@pytest.fixture
def ten_thousand_waiting(alice, bob, job_of):
    for job in (job_of(alice), job_of(bob)):
        waiting = [JobTask(job=job, kind="sample", queue="sampling", first=n, turn=n) for n in range(5000)]
        JobTask.objects.bulk_create(waiting)


def test_a_claim_reads_one_row_of_an_index_however_many_wait(ten_thousand_waiting):
    plan = claims.runnable("sampling").order_by("turn", "pk")[:1].explain()
    assert "tasks_in_turn" in plan
    assert "TEMP B-TREE" not in plan
    with CaptureQueriesContext(connection) as captured:
        claims.claim("sampling", "worker")
    updates = [query["sql"] for query in captured if query["sql"].startswith("UPDATE")]
    assert len(updates) == 1
    assert len(captured) <= 6


def test_claims_take_no_longer_where_thousands_wait(ten_thousand_waiting):
    def seconds(queue: str) -> float:
        started = time.perf_counter()
        with transaction.atomic():
            for _ in range(50):
                claims.fairest(queue)
        return time.perf_counter() - started

    # Two train tasks wait on the one queue and ten thousand shards on the other.
    assert seconds("sampling") < 3 * seconds("training") + 0.05


def test_the_next_turn_is_found_among_ones_own(ten_thousand_waiting, alice, charlie):
    assert turns.following("sampling", job__owner=alice.pk) == 5000
    assert turns.following("sampling", job__owner=charlie.pk) == 0
