"""A site of its own for a benchmark: temporary folder, free port, real server and Valkey."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass
class Site:
    address: str
    environment: dict[str, str]

    def python(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs Python with the site's settings and returns what it printed."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment, input=stdin, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return done.stdout


@contextlib.contextmanager
def running(*, workers: bool) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="ganerate-bench-") as folder:
        port = free_port()
        site = Site(
            f"http://127.0.0.1:{port}",
            os.environ
            | {"GANERATE_VAR": folder, "DJANGO_SETTINGS_MODULE": "benchmarks.settings", "LOG_LEVEL": "WARNING"},
        )
        site.python("manage.py", "migrate", "--verbosity", "0")
        command = [sys.executable, "manage.py", "run", "--quiet", "--port", str(port)]
        process = subprocess.Popen(command + ([] if workers else ["--no-workers"]), cwd=ROOT, env=site.environment)
        try:
            wait(site, process)
            yield site
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait(site: Site, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("the site did not start")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{site.address}/api/v1/schema/", timeout=5).close()
            return
        time.sleep(0.1)
    raise RuntimeError("the site did not answer within 30 s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
