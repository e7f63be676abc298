"""Real workers, really killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection

from generation import jobs, recovery
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

    def start(queue: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "manage.py", "work", queue]
        workers.append(subprocess.Popen(command, cwd=ROOT, env=environment))
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
