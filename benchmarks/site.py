"""A site of its own for a benchmark: temporary folder, free port, real server and Valkey."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SCOPES = "read,generate,sell,buy"


@dataclass
class Site:
    address: str
    folder: Path
    environment: dict[str, str]

    def python(self, *arguments: str, stdin: str | None = None, aloud: bool = False) -> str:
        """Runs Python with the site's settings and returns what it printed; if `aloud`, its errors are seen."""
        command, heard = [sys.executable, *arguments], None if aloud else subprocess.PIPE
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, input=stdin, stdout=subprocess.PIPE, stderr=heard, text=True
        )
        if done.returncode:
            raise RuntimeError((done.stderr or f"{arguments} ended with {done.returncode}")[-2000:])
        return done.stdout

    def token(self, *options: str) -> str:
        """Of the one person there is, bench@example.com."""
        made = self.python("manage.py", "create_account", "bench@example.com", "--token-scopes", SCOPES, *options)
        return str(json.loads(made)["token"])

    def start(self, *options: str) -> "subprocess.Popen[bytes]":
        port = self.address.rpartition(":")[2]
        command = [sys.executable, "manage.py", "run", "--quiet", "--port", port, *options]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def prepared(settings: Mapping[str, str] | None = None) -> Iterator[Site]:
    """Set up and not yet running; on other services where `settings` name them."""
    with tempfile.TemporaryDirectory(prefix="ganerate-bench-") as folder:
        ours = {"GANERATE_VAR": folder, "DJANGO_SETTINGS_MODULE": "benchmarks.settings", "LOG_LEVEL": "WARNING"}
        address = f"http://127.0.0.1:{free_port()}"
        site = Site(address, Path(folder), os.environ | ours | {"SITE_URL": address, **(settings or {})})
        site.python("manage.py", "migrate", "--verbosity", "0")
        if "S3_BUCKET" in site.environment:
            site.python("manage.py", "prepare_bucket")
        yield site


@contextlib.contextmanager
def running(*, workers: bool, settings: Mapping[str, str] | None = None) -> Iterator[Site]:
    with prepared(settings) as site:
        process = site.start(*([] if workers else ["--no-workers"]))
        try:
            wait(site, process)
            yield site
        finally:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(timeout=30)


def wait(site: Site, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(1500):
        if process.poll() is not None:
            raise RuntimeError("the site did not start")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{site.address}/", timeout=5).close()
            return
        time.sleep(0.02)
    raise RuntimeError("the site did not answer within 30 s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
