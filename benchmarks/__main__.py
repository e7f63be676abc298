"""Measures an area, prints a line for each bar, keeps the figures in results/."""

import argparse
import datetime
import importlib
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from benchmarks.bars import Bar


class Part(Protocol):
    def __call__(self, *, full: bool) -> Iterator[Bar]: ...


Parts = dict[str, Part]
RESULTS = Path(__file__).parent / "results"
AREAS = sorted(path.stem for path in Path(__file__).parent.glob("area_*.py"))


def main() -> int:
    names = [area.removeprefix("area_") for area in AREAS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("area", choices=names)
    parser.add_argument("--full", action="store_true", help="the long version")
    parser.add_argument("--part", action="append", help="only this part of the area")
    options = parser.parse_args()
    # Asked to end, it ends the sites it started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parts: Parts = importlib.import_module(f"benchmarks.area_{options.area}").PARTS
    if unknown := set(options.part or ()) - set(parts):
        parser.error(f"no part {', '.join(sorted(unknown))} in {options.area}; there are {', '.join(parts)}")
    held = True
    for number, name in enumerate(options.part or parts):
        bars = list(told(parts[name](full=options.full)))
        # What comes later may be cut off.
        keep(options.area, bars, among_others=number > 0 or bool(options.part))
        held = held and all(bar.holds for bar in bars)
    return 0 if held else 1


def told(bars: Iterator[Bar]) -> Iterator[Bar]:
    for bar in bars:
        print(bar, flush=True)
        yield bar


def keep(area: str, bars: list[Bar], *, among_others: bool) -> None:
    """In place of the area's figures, or of those alone that were measured again."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{area}.json"
    measured = {"at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), **machine()}
    kept = json.loads(path.read_text())["bars"] if among_others and path.exists() else []
    found = {bar["name"]: bar for bar in kept} | {bar.name: bar.as_dict() | measured for bar in bars}
    record = {"area": area, "bars": list(found.values())}
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def machine() -> dict[str, Any]:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    cpu = next(
        (line.partition(":")[2].strip() for line in read("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    return {"commit": commit, "cpu": cpu, "cores": os.cpu_count(), "python": platform.python_version()}


def read(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main())
