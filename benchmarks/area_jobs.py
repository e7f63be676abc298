"""Jobs that people can trust: kills, watchers, and the time that is said to be left."""

from collections.abc import Callable, Iterator

from benchmarks.bars import Bar
from benchmarks.jobs import kills, time_left, watchers

PARTS: dict[str, Callable[..., Iterator[Bar]]] = {
    "kills": kills.bars,
    "watchers": watchers.bars,
    "time-left": time_left.bars,
}
