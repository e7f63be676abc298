"""The program as people run it, and one thing after the other really taken from it: each is named, and it lives on."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ganerate import valkey
from ganerate.environment import TOKEN_LENGTH

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(600)]
ROOT = Path(__file__).parent.parent
TOKEN = "abcdefghij" * TOKEN_LENGTH


class Site:
    """Each part a process of its own, and none that brings it back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        own = {"GANERATE_VAR": str(folder), "METRICS_TOKEN": TOKEN, "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3"}
        self.environment = {**os.environ, **own}
        self.environment.pop("REDIS_URL", None)
        self.parts: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str]) -> None:
        quiet = subprocess.DEVNULL
        self.parts[name] = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=quiet, stderr=quiet)

    def end(self, *names: str) -> None:
        for name in names:
            self.parts[name].terminate()
        for name in names:
            self.parts.pop(name).wait(20)

    def ask(self, path: str, **headers: str) -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def readiness(self) -> tuple[int, list[str]]:
        status, text = self.ask("/readyz")
        return status, json.loads(text)["missing"]

    def scraped(self) -> str:
        status, text = self.ask("/metrics", Authorization=f"Bearer {TOKEN}")
        assert status == 200
        return text


@pytest.fixture
def site(migrated: Path) -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="gan-"))
    site = Site(folder)
    manage = [sys.executable, "manage.py"]
    shutil.copy(migrated, folder)
    site.start("valkey", valkey.command(folder / "valkey", folder / "valkey" / "valkey.sock"))
    address = ["-b", "127.0.0.1", "-p", str(site.port)]
    site.start("web", [sys.executable, "-m", "ganerate.server", *address, "ganerate.asgi:application"])
    for queue in ("short", "training", "sampling"):
        site.start(queue, [*manage, "work", queue])
    yield site
    site.end(*site.parts)
    shutil.rmtree(folder, ignore_errors=True)


def until(expected: object, ask: Callable[[], object], seconds: float = 120) -> None:
    """What was found well counts for some seconds more."""
    end, found = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            found = ask()
        except urllib.error.URLError as error:
            found = error  # not up yet
        if found == expected:
            return
        time.sleep(0.3)
    raise AssertionError(f"{found} instead of {expected}")


def test_each_thing_that_is_gone_is_named_and_the_process_lives(site):
    until((200, []), site.readiness)
    assert 'ganerate_workers{queue="training"} 1.0' in site.scraped()

    site.end("training", "sampling")
    until((200, ["workers"]), site.readiness)
    assert 'ganerate_workers{queue="training"} 0.0' in site.scraped()

    files = site.folder / "files"
    shutil.rmtree(files)
    files.write_text("A file where the folder was.")
    until((503, ["storage", "workers"]), site.readiness)

    site.end("valkey")
    until((503, ["valkey", "storage", "workers"]), site.readiness)
    assert 'ganerate_reachable{service="valkey"} 0.0' in site.scraped()

    for path in site.folder.glob("db.sqlite3*"):
        path.rename(path.with_name(f"away-{path.name}"))
    until((503, ["database", "valkey", "storage", "workers"]), site.readiness)
    assert site.ask("/healthz") == (200, '{"status": "alive"}')
