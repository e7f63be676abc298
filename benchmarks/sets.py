"""Real images to measure on: GANERATE_BENCH_SETS names the folder that holds them, one folder for each set."""

from __future__ import annotations

import os
from pathlib import Path

from generation.engine.data import ImageSet, load
from generation.engine.metrics.features import Pixels

VARIABLE = "GANERATE_BENCH_SETS"
# What each set is called there, and the resolution it is judged at.
SETS = {"clothing_dev": 64, "fashion_mnist": 28, "noto_emoji": 64}


def real_sets() -> dict[str, Pixels]:
    """Those sets that are there; none where the variable is not set."""
    found = {name: real_images(name) for name in SETS}
    return {name: images.pixels for name, images in found.items() if images}


def real_images(name: str) -> ImageSet | None:
    folder = os.environ.get(VARIABLE)
    path = _folder_of(Path(folder), name) if folder else None
    return load(path, SETS[name]) if path else None


def _folder_of(folder: Path, name: str) -> Path | None:
    """Folders may carry a suffix, noto_emoji_128 for one."""
    return next(iter(sorted(folder.glob(f"{name}*"))), None)
