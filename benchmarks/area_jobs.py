"""Jobs that people can trust: kills, watchers, the time that is said to be left, and how fast one is cancelled."""

from collections.abc import Callable, Iterator

from benchmarks.bars import Bar
from benchmarks.jobs import cancelling, kills, time_left, watchers

PARTS: dict[str, Callable[..., Iterator[Bar]]] = {
    "kills": kills.bars,
    "watchers": watchers.bars,
    "time-left": time_left.bars,
    "cancelling": cancelling.bars,
}
