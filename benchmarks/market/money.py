"""Money that can't be wrong: a trade at random, through crashes, and each flow cut off after each of its writes.

What is compared and what has to hold is told in `machine` and `nine`. Each run of fifty steps begins with nothing.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from benchmarks.bars import Bar
from benchmarks.market.databases import DATABASES

STEPS, FULL_STEPS = 500, 10_000
# Of at most fifty steps each.
EXAMPLES = 4


@dataclass
class Told:
    steps: int
    crashes: int
    # Writes after which a flow was cut off, over all flows, twice: asked again at once, and after the sweeper.
    writes: int
    found: list[str]


def bars(*, full: bool) -> Iterator[Bar]:
    wanted = FULL_STEPS if full else STEPS
    # Beside each other, as nothing is timed.
    with ThreadPoolExecutor() as pool:
        trades = zip(DATABASES, pool.map(partial(traded, wanted), DATABASES), strict=True)
    for name, told in trades:
        detail = f"{told.crashes:,} crashes in it"
        yield Bar(f"money, {name}: steps of trade", told.steps, wanted, at_least=True, detail=detail)
        detail = "; ".join(told.found) or f"nine invariants after each step, flows cut off after {told.writes:,} writes"
        yield Bar(f"money, {name}: faults found", len(told.found), 0, detail=detail)


def traded(wanted: int, database: str) -> Told:
    with DATABASES[database]() as site:
        printed = site.python("-m", "benchmarks.market.money", str(wanted), aloud=True)
    return Told(**json.loads(printed.splitlines()[-1]))


def measured(wanted: int, names: Sequence[str] = ()) -> dict[str, Any]:
    """In a process that has settings. `names` of flows, or all of them."""
    from django.db import connection

    from benchmarks.market.flows import FLOWS, cut_off
    from benchmarks.market.machine import ready, run

    told = Told(0, 0, 0, [])
    with ready() as machine:
        for name in names or FLOWS:
            for at_once in (True, False):
                try:
                    told.writes += cut_off(machine, name, at_once=at_once)
                except AssertionError as fault:
                    told.found.append(f"{name}: {fault}")
        machine.steps = machine.crashes = 0
        number = 0
        while machine.steps < wanted:
            number += 1
            print(f"{connection.vendor}: {machine.steps:,} steps, {len(told.found)} faults", file=sys.stderr)
            try:
                run(machine, examples=EXAMPLES, number=number, shrink=False)
            except AssertionError as fault:
                told.found.append(f"trades {number}: {fault}")
        told.steps, told.crashes = machine.steps, machine.crashes
    return asdict(told)


if __name__ == "__main__":
    import django

    django.setup()
    json.dump(measured(int(sys.argv[1]), sys.argv[2:]), sys.stdout)
