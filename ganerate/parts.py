"""One process of the running program: started, kept alive, ended with everything it started."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
# A part that lived this long did not die of how it was started.
STEADY_SECONDS = 10.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Part:
    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        orphaned: signal.Signals = signal.SIGKILL,
        hint: Callable[[], str] | None = None,
    ) -> None:
        self.name = name
        self.command = command
        # Why it ended, for a part that says so only in a file of its own.
        self.hint = hint
        self.prepare = tether(os.getpid(), orphaned)
        self.process: subprocess.Popen[bytes] | None = None
        self.pause = FIRST_PAUSE
        self.started_at = self.start_at = 0.0

    def start(self, cwd: Path, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            cwd=cwd,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=self.prepare,
        )
        return self.process

    def died(self) -> int | None:
        """The exit status, once, of a process that has ended; what it left of its group is ended too."""
        if self.process is None or self.process.poll() is None:
            return None
        self.signal(signal.SIGKILL)
        status, self.process = self.process.returncode, None
        steady = time.monotonic() - self.started_at > STEADY_SECONDS
        self.pause = FIRST_PAUSE if steady else min(2 * self.pause, LONGEST_PAUSE)
        self.start_at = time.monotonic() + self.pause
        return status

    @property
    def due(self) -> bool:
        return self.process is None and time.monotonic() >= self.start_at

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def stop(self, seconds: float) -> None:
        """Asks, waits, insists. The group goes too: a worker's child does not outlive it."""
        if self.process is None:
            return
        self.signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self.signal(signal.SIGKILL)
        self.process.wait()


def tether(parent: int, orphaned: signal.Signals) -> Callable[[], None]:
    """Runs in the child before its program: Linux then ends it when the supervisor is gone, even by kill -9."""

    def prepare() -> None:
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, orphaned)
            if os.getppid() != parent:
                os._exit(1)

    return prepare
