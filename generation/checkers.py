"""Child processes that decode images, and what happens when one of them dies on a picture."""

import contextlib
import subprocess
import sys
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType

from .frames import read_frame, write_frame
from .images import Checked

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 20.0


class Checker:
    """One child. It sees one image after another and none of the parent's environment."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.child: subprocess.Popen[bytes] | None = None

    def check(self, data: bytes) -> Checked:
        child = self.running()
        try:
            write_frame(child.stdin, {"seconds": self.seconds}, data)  # type: ignore[arg-type]  # a pipe
            facts, encoded = read_frame(child.stdout)  # type: ignore[arg-type]  # a pipe
        except (OSError, EOFError):
            self.stop()
            return Checked("rejected", ["undecodable"])
        return Checked(**facts, data=encoded)

    def running(self) -> subprocess.Popen[bytes]:
        if self.child is None or self.child.poll() is not None:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "generation.images"],
                cwd=ROOT,
                env={"PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # A signal to the worker's group must not look like a crash on this image; end of input ends the child.
                start_new_session=True,
            )
        return self.child

    def stop(self) -> None:
        child, self.child = self.child, None
        if child is None:
            return
        child.kill()
        for stream in (child.stdin, child.stdout):
            with contextlib.suppress(BrokenPipeError):
                stream.close()  # type: ignore[union-attr]  # a pipe
        child.wait()


class CheckerPool:
    """As many checkers as threads ask at once; used as a context manager, which ends them."""

    def __init__(self, size: int, seconds: float = SECONDS) -> None:
        self.checkers = [Checker(seconds) for _ in range(size)]
        self.idle: SimpleQueue[Checker] = SimpleQueue()
        for checker in self.checkers:
            self.idle.put(checker)

    def check(self, data: bytes) -> Checked:
        checker = self.idle.get()
        try:
            return checker.check(data)
        finally:
            self.idle.put(checker)

    def __enter__(self) -> "CheckerPool":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for checker in self.checkers:
            checker.stop()
