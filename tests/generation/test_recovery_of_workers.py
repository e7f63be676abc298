"""Real workers, really killed."""

import os
import resource
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


def wait_for(true: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited too long: {list(JobTask.objects.values())}"
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
        JobTask.objects.filter(state="running").update(lease_until=timezone.now() - timedelta(seconds=1))
        recovery.sweep()
    assert ended(heavy)
    assert heavy.state == "failed"
    assert "most likely because the machine ran out of memory" in heavy.reason
    assert "the preset “standard”" in heavy.reason


def at_work(attempt: int) -> bool:
    return JobTask.objects.filter(state="running", attempt=attempt).exists()
