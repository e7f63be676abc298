"""A million images (a hundred thousand without FULL=1): what is in memory must not grow with their number.

The product's own tasks make, screen, encode and pack them, at 28 px with the small nets of preset quick, so that a
million take minutes and not hours. Jobs of 10,000 and of all are done by a process each, from the first
slot to the dataset, and the most that either ever took is compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from benchmarks.bars import Bar
from benchmarks.processes import MEGABYTE
from benchmarks.sampling.job import EARLY, RESOLUTION
from benchmarks.site import Site, running

Told = dict[str, Any]  # Any: JSON values


def bars(*, full: bool) -> Iterator[Bar]:
    count = 1_000_000 if full else 100_000
    with running(workers=False) as site:
        generator = done(site, 64)["generator"]
        few, many = done(site, EARLY, generator), done(site, count, generator)
    if many["count"] != count:
        raise RuntimeError(f"{many['count']} images of {count}")
    yield Bar(
        f"memory that a job of {count:,} images takes beyond one of {EARLY:,}, from the first slot to the dataset",
        (many["peak"] - few["peak"]) / MEGABYTE,
        50.0,
        " MB",
        detail=f"{shown(few)}; {shown(many)}; {RESOLUTION} px, nets of preset quick",
    )
    yield Bar(
        f"memory that sampling takes beyond its first {EARLY:,} images",
        (many["late"] - many["early"]) / MEGABYTE,
        50.0,
        " MB",
        detail=f"{many['early'] / MEGABYTE:.0f} MB and then {many['late'] / MEGABYTE:.0f} MB",
    )


def done(site: Site, count: int, generator: str = "") -> Told:
    found: Told = json.loads(
        site.python("-m", "benchmarks.sampling.job", str(count), *([generator] if generator else []))
    )
    return found


def shown(told: Told) -> str:
    size, seconds = told["bytes"] / 1e6, told["seconds"]
    return (
        f"{told['count']:,} images in {seconds:.0f} s ({told['count'] / seconds:.0f}/s, {size:.0f} MB, "
        f"{told['rejected']} rejected at first), at most {told['peak'] / MEGABYTE:.0f} MB"
    )
