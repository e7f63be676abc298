"""The process of a worker, while the queues are away."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
def test_a_worker_waits_for_queues_that_are_away_from_the_start_and_can_be_ended(tmp_path):
    environment = os.environ | {"REDIS_URL": f"unix://{tmp_path}/nobody.sock", "GANERATE_VAR": str(tmp_path)}
    command = [sys.executable, "manage.py", "work", "sampling"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stderr is not None
        told = [worker.stderr.readline() for _ in range(2)]
        assert all("The queues can't be reached" in line for line in told), told
        assert worker.poll() is None
        worker.terminate()
        worker.wait(timeout=10)
