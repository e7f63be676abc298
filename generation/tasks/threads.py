"""Training with as many threads as are worth it.

On an idle machine every core helps. On a busy one threads wait for each other at each step, and two can be several
times slower than one. The number is decided once, by the pilot, and becomes part of the recipe: sums shared by
another number of threads end in other bits, and a job that was killed must end as if it had not been.
"""

import os
from collections.abc import Callable

MOST = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# More threads must earn the cores they take from others.
WORTH_IT = 1.15


def fastest(measure: Callable[[int], float]) -> tuple[int, float]:
    """`measure(threads)` answers images per second; returns the number of threads to train with, and its figure."""
    single = measure(1)
    if MOST == 1:
        return 1, single
    all_cores = measure(MOST)
    return (MOST, all_cores) if all_cores > WORTH_IT * single else (1, single)
