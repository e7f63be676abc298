"""Training with as many threads as are worth it.

On an idle machine every core helps. On a busy one threads wait for each other at each step: beside three other busy
processes on two cores, two threads trained at 36 images a second and one thread at 369.
"""

import time
from collections.abc import Callable

import torch

from generation.engine.training import Progress

MOST = torch.get_num_threads()
PROBE_EVERY_SECONDS = 15.0


def fastest(measure: Callable[[], float]) -> float:
    """Measures with one thread and with all, stays with the faster and returns its figure."""
    figures = {}
    for count in sorted({1, MOST}):
        torch.set_num_threads(count)
        figures[count] = measure()
    best = max(figures, key=lambda count: figures[count])
    torch.set_num_threads(best)
    return figures[best]


class Threads:
    """Now and then one tick is run the other way, and the faster way is kept."""

    def __init__(self) -> None:
        self.last: Progress | None = None
        self.probing = False
        self.speed, self.probed = 0.0, time.monotonic()

    def adapt(self, progress: Progress) -> None:
        speed, self.last = speed_since(self.last, progress), progress
        if MOST == 1 or progress.done:
            return
        if self.probing:
            self.probing = False
            if speed < self.speed:
                self.switch()
        elif speed and time.monotonic() - self.probed >= PROBE_EVERY_SECONDS:
            self.probing, self.speed, self.probed = True, speed, time.monotonic()
            self.switch()

    def switch(self) -> None:
        torch.set_num_threads(1 if torch.get_num_threads() > 1 else MOST)


def speed_since(last: Progress | None, now: Progress) -> float:
    if last is None or now.seconds <= last.seconds:
        return 0.0
    return 1000 * (now.kimg - last.kimg) / (now.seconds - last.seconds)
