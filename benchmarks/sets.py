"""Real images to measure on: GANERATE_BENCH_SETS names the folder that holds them, a folder or a zip for each set."""

from __future__ import annotations

import gzip
import os
import zipfile
from pathlib import Path

import numpy as np

from generation.engine.data import ImageSet, load
from generation.engine.metrics.features import Pixels

VARIABLE = "GANERATE_BENCH_SETS"
# What each set is called there, and the resolution it is judged at.
SETS = {"clothing_dev": 64, "fashion_mnist": 28, "noto_emoji": 64}
# Fashion-MNIST's own ten thousand test images, in the format of LeCun et al.: sixteen bytes of head, then pixels.
TEST_IMAGES, HEAD = "t10k-images-idx3-ubyte.gz", 16


def real_sets() -> dict[str, Pixels]:
    """Those sets that are there; none where the variable is not set."""
    found = {name: real_images(name) for name in SETS}
    return {name: images.pixels for name, images in found.items() if images}


def real_images(name: str) -> ImageSet | None:
    path = _place_of(name)
    return load(path, SETS[name]) if path else None


def test_images(name: str) -> Pixels | None:
    """Those that come with the set apart from the rest, if any do."""
    path = _place_of(name)
    packed = _packed(path) if path else None
    if packed is None:
        return None
    side = SETS[name]
    return np.frombuffer(gzip.decompress(packed), np.uint8, offset=HEAD).reshape(-1, side, side, 1)


def _packed(path: Path) -> bytes | None:
    if path.is_dir():
        return next((file.read_bytes() for file in path.rglob(TEST_IMAGES)), None)
    with zipfile.ZipFile(path) as archive:
        return next((archive.read(file) for file in archive.namelist() if file.endswith(TEST_IMAGES)), None)


def _place_of(name: str) -> Path | None:
    """Folders and zips may carry a suffix, noto_emoji_128 for one."""
    folder = os.environ.get(VARIABLE)
    return next(iter(sorted(Path(folder).glob(f"{name}*"))), None) if folder else None
