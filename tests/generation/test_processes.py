import os
import subprocess
import sys

import pytest

from generation import processes
from generation.claims import with_failure
from generation.models import JobTask

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def name_of(pid: int) -> str:
    return f"here:{pid} {processes.realm()}.{processes.born(pid)}"


@linux
def test_a_process_that_runs_is_known_to_run():
    assert processes.own_name() == name_of(os.getpid()).replace("here", processes.socket.gethostname())
    assert processes.is_running(processes.own_name())
    assert not processes.is_gone(processes.own_name())


@linux
def test_a_process_that_ended_is_gone_even_if_another_has_its_number():
    process = subprocess.Popen(["sleep", "60"])
    name = name_of(process.pid)
    assert processes.is_running(name)
    process.kill()
    process.wait()
    assert processes.is_gone(name)
    assert processes.is_gone(f"here:{os.getpid()} {processes.realm()}.1")


@pytest.mark.parametrize("name", ["", "worker", "there:1", "there:1 deadbeef-1.5"])
def test_nothing_is_known_of_other_machines(name):
    assert not processes.is_gone(name)
    assert not processes.is_running(name)


@pytest.mark.parametrize(
    ("output", "failures"),
    [
        ({}, 1),
        ({"failures": 1, "failed_at": 0}, 2),
        ({"failures": 2, "failed_at": 64, "done": 64}, 3),
        ({"failures": 2, "failed_at": 64, "done": 128}, 1),
        ({"failures": 0, "failed_at": 0.5, "kimg": 0.75}, 1),
    ],
)
def test_failures_count_at_one_place(output, failures):
    task = JobTask(kind="sample", output=output)
    assert with_failure(task)["failures"] == failures
