"""Real images to measure on: GANERATE_BENCH_SETS names the folder that holds them, one folder for each set."""

from __future__ import annotations

import os
from pathlib import Path

from generation.engine.data import load
from generation.engine.metrics.features import Pixels

VARIABLE = "GANERATE_BENCH_SETS"
# What each set is called there, and the resolution it is judged at.
SETS = {"clothing_dev": 64, "fashion_mnist": 28, "noto_emoji": 64}


def real_sets() -> dict[str, Pixels]:
    """Those sets that are there; none where the variable is not set."""
    folder = os.environ.get(VARIABLE)
    found = {name: _folder_of(Path(folder), name) for name in SETS} if folder else {}
    return {name: load(path, SETS[name]).pixels for name, path in found.items() if path}


def _folder_of(folder: Path, name: str) -> Path | None:
    """Folders may carry a suffix, noto_emoji_128 for one."""
    return next(iter(sorted(folder.glob(f"{name}*"))), None)
