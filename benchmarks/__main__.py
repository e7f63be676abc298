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
    parser.add_argument("--part", action="append", help="only this part of the area, which then keeps no figures")
    options = parser.parse_args()
    # Asked to end, it ends the sites it started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parts: Parts = importlib.import_module(f"benchmarks.area_{options.area}").PARTS
    if unknown := set(options.part or ()) - set(parts):
        parser.error(f"no part {', '.join(sorted(unknown))} in {options.area}; there are {', '.join(parts)}")
    bars = list(measured([parts[name] for name in options.part or parts], options.full))
    if not options.part:
        keep(options.area, bars)
    return 0 if all(bar.holds for bar in bars) else 1


def measured(parts: list[Part], full: bool) -> Iterator[Bar]:
    for part in parts:
        for bar in part(full=full):
            print(bar, flush=True)
            yield bar


def keep(area: str, bars: list[Bar]) -> None:
    RESULTS.mkdir(exist_ok=True)
    record = {"area": area, "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), **machine()}
    record["bars"] = [bar.as_dict() for bar in bars]
    (RESULTS / f"{area}.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")


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
