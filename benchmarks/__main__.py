"""python -m benchmarks AREA [--full]: measures an area, prints a line for each bar, keeps the figures in results/."""

import argparse
import datetime
import importlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.bars import Bar

RESULTS = Path(__file__).parent / "results"
AREAS = sorted(path.stem for path in Path(__file__).parent.glob("area_*.py"))


def main() -> int:
    names = [area.removeprefix("area_") for area in AREAS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("area", choices=names)
    parser.add_argument("--full", action="store_true", help="the long version")
    options = parser.parse_args()
    bars = []
    for bar in importlib.import_module(f"benchmarks.area_{options.area}").bars(full=options.full):
        print(bar, flush=True)
        bars.append(bar)
    keep(options.area, bars)
    return 0 if all(bar.holds for bar in bars) else 1


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
