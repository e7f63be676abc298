import threading

from django.db import connection, transaction

from generation import events
from generation.models import GenerationJob


def test_numbers_have_no_gap_under_many_writers(alice, job_of, transactional_db):
    job = job_of(alice)

    def write() -> None:
        mine = GenerationJob.objects.get(pk=job.pk)
        try:
            for _ in range(10):
                events.record(mine, "progress", {})
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event["number"] for event in events.replay(job, 0)] == list(range(1, 42))


def test_an_event_of_a_transaction_that_failed_takes_no_number(alice, job_of):
    job = job_of(alice)
    try:
        with transaction.atomic():
            events.record(job, "progress", {})
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert events.record(job, "progress", {}).number == 2


def test_an_event_tells_all_there_is_to_know(alice, job_of):
    job = job_of(alice)
    events.record(job, "stage", {"a": 1}, stage="training")
    event = events.replay(job, 1)[0]
    assert event | {"at": ""} == {
        "number": 2, "kind": "stage", "stage": "training", "state": "queued", "at": "", "data": {"a": 1},
    }  # fmt: skip


def test_replay_is_paged(alice, job_of):
    job = job_of(alice)
    for _ in range(3):
        events.record(job, "progress", {})
    assert [event["number"] for event in events.replay(job, 1, limit=2)] == [2, 3]


def test_a_tick_has_no_number_and_is_kept_as_the_snapshot(alice, job_of):
    job = job_of(alice)
    events.tick(job, {"kimg": 1})
    events.tick(job, {"kimg": 2})
    fresh = GenerationJob.objects.get()
    assert fresh.last_event == 1
    assert fresh.snapshot["data"] == {"kimg": 1}  # at most one is stored in a second
    assert events.snapshot(fresh)["number"] is None


def test_work_goes_on_without_a_channel_layer(alice, job_of, transactional_db, settings, caplog):
    layer = settings.CHANNEL_LAYERS["default"]
    settings.CHANNEL_LAYERS = {"default": layer | {"CONFIG": {"hosts": ["unix:///nowhere.sock"]}}}
    job = job_of(alice)
    assert events.record(job, "progress", {}).number == 2
    assert "Not pushed to" in caplog.text
