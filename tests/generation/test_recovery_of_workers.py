"""Real workers, really killed."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from generation import claims, jobs, recovery
from generation.engine.config import RecipeRequest
from generation.models import GenerationJob, JobTask

from .conftest import TINY

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("transactional_db", "valkey")]


def database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format_map(database)


@pytest.fixture
def start_worker(tmp_path, valkey_url) -> Iterator[Callable[[str], "subprocess.Popen[bytes]"]]:
    """start_worker(queue) runs `manage.py work` on this test's database, files and Valkey."""
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "REDIS_URL": valkey_url,
        "GANERATE_VAR": str(tmp_path),
        "OMP_NUM_THREADS": "1",
    }
    workers: list[subprocess.Popen[bytes]] = []

    def start(queue: str, most_bytes: int | None = None) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "manage.py", "work", queue]
        limit = partial(resource.setrlimit, resource.RLIMIT_AS, (most_bytes, most_bytes)) if most_bytes else None
        workers.append(subprocess.Popen(command, cwd=ROOT, env=environment, preexec_fn=limit))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()
        worker.wait()


def wait_for(true: Callable[[], bool], seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, (
            f"waited too long: {list(JobTask.objects.values_list('kind', 'state', 'attempt'))}"
        )
        recovery.sweep()
        time.sleep(0.2)


def horse_of(worker: "subprocess.Popen[bytes]") -> int | None:
    found = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True).stdout.split()
    return int(found[0]) if found else None


def stands_at(job: GenerationJob) -> float:
    return job.tasks.get(kind="train").output.get("kimg", 0)


@pytest.fixture
def training(alice, drawn_set) -> GenerationJob:
    return jobs.submit(alice, drawn_set(alice), count=10, request=replace(TINY, kimg=10_000.0), seed=7)


def test_a_job_whose_worker_process_is_killed_goes_on_from_its_checkpoint(training, start_worker):
    worker = start_worker("training")
    wait_for(lambda: stands_at(training) > 0)
    os.kill(horse_of(worker), signal.SIGKILL)
    wait_for(lambda: training.events.filter(kind="resumed").exists())
    assert training.events.get(kind="resumed").payload["data"]["kimg"] > 0
    assert jobs.stop(training)
    start_worker("sampling")
    wait_for(lambda: GenerationJob.objects.get().is_terminal, 120)
    assert GenerationJob.objects.get().state == "succeeded"
    assert "torch" not in Path(f"/proc/{worker.pid}/maps").read_text()


def test_a_killed_worker_takes_its_work_with_it(training, start_worker):
    worker = start_worker("training")
    wait_for(lambda: stands_at(training) > 0)
    horse = horse_of(worker)
    worker.kill()
    worker.wait()
    wait_for(lambda: not Path(f"/proc/{horse}").exists(), 5)
    start_worker("training")
    wait_for(lambda: training.events.filter(kind="resumed").exists())


@pytest.fixture
def heavy(alice, drawn_set) -> GenerationJob:
    return jobs.submit(alice, drawn_set(alice), count=10, request=RecipeRequest(preset="best", resolution=64), seed=7)


def hurry() -> None:
    """Nobody waits for the pause between two attempts."""
    JobTask.objects.update(not_before=None)


def ended(job: GenerationJob) -> bool:
    hurry()
    job.refresh_from_db()
    return job.is_terminal


def test_a_worker_without_memory_fails_the_job_and_says_what_would_fit(heavy, start_worker):
    start_worker("training", most_bytes=600 << 20)
    wait_for(lambda: ended(heavy), 120)
    assert heavy.state == "failed"
    assert "memory" in heavy.reason
    assert "the preset “standard”, or a resolution of 32 pixels" in heavy.reason


def test_a_worker_that_the_system_keeps_killing_fails_the_job_and_names_memory(heavy, start_worker):
    """As the out-of-memory killer does it: SIGKILL, and not a word."""
    worker = start_worker("training")
    for attempt in range(1, claims.MAX_FAILURES + 1):
        wait_for(lambda attempt=attempt: hurry() or at_work(attempt))
        os.kill(horse_of(worker), signal.SIGKILL)
        wait_for(lambda attempt=attempt: swept(attempt))
    assert ended(heavy)
    assert heavy.state == "failed"
    assert "most likely because the machine ran out of memory" in heavy.reason
    assert "the preset “standard”" in heavy.reason


def swept(attempt: int) -> bool:
    """A process that was killed is there until the system has taken its memory back."""
    recovery.sweep()
    return not at_work(attempt)


def at_work(attempt: int) -> bool:
    return JobTask.objects.filter(state="running", attempt=attempt).exists()


def exists(pid: int | None) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_worker_that_is_asked_to_go_gives_its_task_back_and_nothing_is_trained_again(training, start_worker):
    worker = start_worker("training")
    wait_for(lambda: stands_at(training) > 0)
    time.sleep(1.5)
    worker.terminate()
    worker.wait(30)
    task = training.tasks.get()
    assert (task.state, task.last_error, task.output["failures"]) == ("queued", "", 0)
    start_worker("training")
    wait_for(lambda: training.events.filter(kind="resumed").exists())
    stood = training.events.filter(kind="progress").values_list("payload__data__kimg", flat=True)
    assert training.events.get(kind="resumed").payload["data"]["kimg"] >= max(stood)


def test_a_worker_that_sleeps_past_its_lease_finds_another_at_its_work(training, start_worker):
    worker = start_worker("training")
    wait_for(lambda: stands_at(training) > 0)
    late = horse_of(worker)
    os.kill(late, signal.SIGSTOP)
    start_worker("training")
    wait_for(lambda: training.events.filter(kind="resumed").exists())
    start = training.events.get(kind="resumed")
    os.kill(late, signal.SIGCONT)
    wait_for(lambda: not exists(late))
    told = training.events.filter(number__gt=start.number, kind="progress").values_list(
        "payload__data__kimg", flat=True
    )
    assert sorted(told) == list(told)
    assert training.tasks.get().fence == 2
    numbers = list(training.events.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_worker_on_a_busy_machine_keeps_what_it_holds(training, start_worker):
    """It is there, and only gets no turn to renew its lease."""
    worker = start_worker("training")
    wait_for(lambda: stands_at(training) > 0)
    JobTask.objects.update(lease_until=timezone.now() - timedelta(seconds=20))
    assert recovery.put_back_lost() == 0
    os.kill(horse_of(worker), signal.SIGKILL)
    wait_for(lambda: training.events.filter(kind="resumed").exists())
    assert training.tasks.get().attempt == 2


def cancel_in(job: GenerationJob, stage: str, worker: "subprocess.Popen[bytes]") -> None:
    """It ends as cancelled, its process is gone, and so is what it had stored.

    How soon: `make bench ONLY=jobs PART=cancelling`. Here many tests share two cores.
    """
    wait_for(lambda: has_come_to(job, stage), 240)
    horse = horse_of(worker)
    assert jobs.cancel(job)
    wait_for(lambda: ended(job) and not exists(horse) and freed(job), 60)
    assert job.state == "cancelled"


def has_come_to(job: GenerationJob, stage: str) -> bool:
    """Some stages take but a moment: then it is in the next."""
    job.refresh_from_db()
    assert not job.is_terminal, job.reason
    order = GenerationJob.Stage.values
    return order.index(job.stage) >= order.index(stage) and job.tasks.filter(state="running").exists()


def freed(job: GenerationJob) -> bool:
    folder = Path(default_storage.location)
    kept = ("generators", "source-sets", "caches")
    paths = [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0] not in kept]
    return all("previews" in path.parts for path in paths)


@pytest.mark.parametrize("stage", ["preparing", "training"])
def test_a_training_is_cancelled_in_the_middle(training, start_worker, stage):
    cancel_in(training, stage, start_worker("training"))


@pytest.mark.timeout(900)
def test_a_job_is_cancelled_in_the_middle_of_every_later_stage(alice, drawn_set, start_worker):
    first = jobs.submit(alice, drawn_set(alice), count=10, request=TINY, seed=7)
    training, sampling = start_worker("training"), start_worker("sampling")
    wait_for(lambda: ended(first), 240)
    assert first.state == "succeeded", first.traceback
    assert training.poll() is None
    first.dataset.delete()
    shutil.rmtree(Path(default_storage.location) / "datasets")
    for stage in ("sampling", "screening", "evaluating", "packing"):
        job = jobs.more(alice, first.generator, count=20_000)
        cancel_in(job, stage, sampling)
