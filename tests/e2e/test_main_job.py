"""The whole main job through the real program: server, Valkey, workers, public API, admin form."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"GANERATE_VAR": str(tmp_path / "var"), "DJANGO_SETTINGS_MODULE": "ganerate.settings"}


@pytest.fixture
def set_up(environment, migrated) -> None:
    Path(environment["GANERATE_VAR"]).mkdir()
    shutil.copy(migrated, environment["GANERATE_VAR"])


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500)


def processes_of(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"GANERATE_VAR={folder}".encode() in entry.read_bytes():
                found.append((entry.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return [command for command in found if command.strip()]


def test_from_source_images_to_a_verified_bundle_and_nothing_left_running(environment, tmp_path, port):
    assert manage(environment, "migrate", "--verbosity", "0").returncode == 0
    done = manage(environment, "demo", "--once", "--count", "70", "--minutes", "0.1", "--port", str(port))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Downloaded and verified: 70 images" in done.stdout
    deadline = time.monotonic() + 10
    while left := processes_of(tmp_path / "var"):
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


def test_a_taken_port_is_one_clear_line(environment, set_up, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = manage(environment, "demo", "--once", "--port", str(port))
    assert done.returncode != 0
    assert f"Port {port} is taken" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_images_that_are_not_there_are_one_clear_line(environment, set_up, port):
    done = manage(environment, "demo", "--once", "--port", str(port), "--images", "/nowhere.zip")
    assert done.returncode != 0
    assert "/nowhere.zip does not exist" in done.stderr
    assert "Traceback" not in done.stderr
