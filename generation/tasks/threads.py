"""Training with as many threads as are worth it, but one.

Threads wait for each other hundreds of times in a step. Where other work takes a core from one of them for a moment,
all of them wait: two threads on two busy cores were measured to train sixty times slower than one. So a core is left
to the site, to sampling and to intake. The number is decided once, by the pilot, and becomes part of the recipe: sums
shared by another number of threads end in other bits, and a job that was killed must end as if it had not been.
"""

import os
from collections.abc import Callable

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
MOST = max(1, CORES - 1)
# More threads must earn the cores they take from others.
WORTH_IT = 1.15


def fastest(measure: Callable[[int], float]) -> tuple[int, float]:
    """`measure(threads)` answers images per second; returns the number of threads to train with, and its figure."""
    single = measure(1)
    if MOST == 1:
        return 1, single
    many = measure(MOST)
    return (MOST, many) if many > WORTH_IT * single else (1, single)
