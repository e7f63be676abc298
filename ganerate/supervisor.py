"""Keeps the parts of the program running on one machine: Valkey, web, a worker for each queue, the sweeper."""

import contextlib
import http.client
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import IO

from django.utils.translation import gettext as _

from . import valkey
from .parts import Part

# A worker gets this long to leave its job at a checkpoint; an older one is good enough after that.
GRACE_SECONDS = 3.0
TICK = 0.1
PYTHON = sys.executable

Say = Callable[[str], None]


def embedded_valkey(folder: Path, socket_path: Path) -> Part:
    log = folder / valkey.LOG
    return Part(
        "valkey", valkey.command(folder, socket_path), orphaned=signal.SIGTERM, hint=lambda: valkey.last_words(log)
    )


def web(host: str, port: int) -> Part:
    options = ["-b", host, "-p", str(port), "-v", "0"]
    return Part("web", [PYTHON, "-m", "ganerate.server", *options, "ganerate.asgi:application"])


def background() -> list[Part]:
    manage = [PYTHON, "manage.py"]
    return [
        Part("short", [*manage, "work", "short"]),
        Part("training", [*manage, "work", "training"]),
        Part("sampling", [*manage, "work", "sampling"]),
        Part("sweep", [*manage, "sweep"]),
    ]


class Supervisor:
    """`first` are started at once; `later` when the first page has answered, so that it need not wait for them."""

    def __init__(self, first: list[Part], later: list[Part], root: Path, logs: Path | None, say: Say) -> None:
        self.parts, self.later = first, later
        self.root, self.logs, self.say = root, logs, say
        self.stopping = False
        self.outputs = selectors.DefaultSelector()
        self.unfinished: dict[str, bytes] = {}

    def run(self, host: str, port: int, name: str = "localhost") -> None:
        """Until SIGTERM, SIGINT or SIGHUP. `name` is a host name that the site answers to."""
        with handled(self.ask_to_stop):
            try:
                self.loop(host, port, name)
            finally:
                self.stop()

    def loop(self, host: str, port: int, name: str) -> None:
        started, announced = time.monotonic(), False
        while not self.stopping:
            self.keep_running()
            self.relay(TICK)
            if not announced and first_page_answers(host, port, name):
                announced = True
                self.parts += self.later
                self.announce(f"http://{host}:{port}/", time.monotonic() - started)

    def announce(self, address: str, seconds: float) -> None:
        text = _("GANerate is at %(address)s (%(seconds)s s). Ctrl-C ends it.")
        self.say(text % {"address": address, "seconds": f"{seconds:.1f}"})

    def keep_running(self) -> None:
        for part in self.parts:
            status = part.died()
            if status is not None:
                self.tell_of_end(part, status)
            if part.due:
                self.start(part)

    def tell_of_end(self, part: Part, status: int) -> None:
        text = _("%(part)s ended (%(status)d) and is back in %(seconds)s s")
        self.say(text % {"part": part.name, "status": status, "seconds": f"{part.pause:.1f}"})
        if part.hint:
            self.say(f"{part.name:>8} | {part.hint()}")

    def start(self, part: Part) -> None:
        if self.logs is not None:
            with (self.logs / f"{part.name}.log").open("ab") as log:
                part.start(self.root, log)
            return
        output = part.start(self.root, subprocess.PIPE).stdout
        assert output is not None
        self.outputs.register(output, selectors.EVENT_READ, part.name)

    def relay(self, seconds: float) -> None:
        """Passes on what the parts print, line by line behind their names."""
        if not self.outputs.get_map():
            time.sleep(seconds)
        for key, _events in self.outputs.select(seconds):
            output: IO[bytes] = key.fileobj  # type: ignore[assignment]  # the pipe registered above
            text = output.read1(65536)  # type: ignore[attr-defined]  # a pipe is buffered
            if not text:
                self.outputs.unregister(output)
                output.close()
            self.print_lines(key.data, text)

    def print_lines(self, name: str, text: bytes) -> None:
        """Whole lines; what is left waits for its end, which comes at the latest with the end of the part."""
        *lines, rest = (self.unfinished.pop(name, b"") + (text or b"\n")).split(b"\n")
        if rest:
            self.unfinished[name] = rest
        for line in lines:
            if line.strip():
                self.say(f"{name:>8} | {line.decode(errors='replace')}")

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def stop(self) -> None:
        """Valkey last, so that nobody complains that it is gone; everyone else at the same time."""
        deadline = time.monotonic() + GRACE_SECONDS
        for part in self.parts[1:]:
            part.signal(signal.SIGTERM)
        for part in reversed(self.parts):
            part.stop(max(0.1, deadline - time.monotonic()))


@contextlib.contextmanager
def handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def first_page_answers(host: str, port: int, name: str) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(reachable, port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": name})
        return connection.getresponse().status > 0  # an error page is a page: it says what is wrong
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
