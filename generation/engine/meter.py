"""How far a command is: one line redrawn on a terminal, elsewhere a plain line now and then."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from typing import TextIO

LEAST_BAR, MOST_BAR = 8, 24
REDRAW_SECONDS = 0.1
PLAIN_SECONDS = 30.0


class Meter:
    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream, self.clock = stream, clock
        self.live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.every = REDRAW_SECONDS if self.live else PLAIN_SECONDS
        self.last = float("-inf")
        self.drawn = False

    def show(self, share: float, text: str, last: bool = False) -> None:
        """`share` of the work is done, from 0 to 1; the `last` line is shown however soon it comes."""
        if not last and self.clock() - self.last < self.every:
            return
        self.last, share = self.clock(), min(max(share, 0.0), 1.0)
        line = f"{100 * share:3.0f} %  {text}"
        if self.live:
            self._redraw(share, line)
        else:
            print(line, file=self.stream, flush=True)

    def say(self, line: str) -> None:
        """A line that stays, above the one that is redrawn."""
        self.end()
        print(line, file=self.stream, flush=True)

    def end(self) -> None:
        if self.drawn:
            print(file=self.stream, flush=True)
            self.drawn, self.last = False, float("-inf")

    def _redraw(self, share: float, line: str) -> None:
        room = shutil.get_terminal_size().columns - 1
        bar = self._bar(share, max(LEAST_BAR, min(MOST_BAR, room - len(line) - 1)))
        print(f"\r{f'{bar} {line}'[:room]}\x1b[K", end="", file=self.stream, flush=True)
        self.drawn = True

    def _bar(self, share: float, width: int) -> str:
        full, empty = ("━", "─") if "utf" in (self.stream.encoding or "").lower() else ("#", "-")
        done = round(width * share)
        return full * done + empty * (width - done)


def counted(total: int, about: str) -> Iterator[int]:
    """0 to `total`, showing how many are done."""
    meter = Meter(sys.stderr)
    for number in range(total):
        yield number
        meter.show((number + 1) / total, f"{about} {number + 1}/{total}", last=number + 1 == total)
    meter.end()


def duration(seconds: float) -> str:
    """12 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
