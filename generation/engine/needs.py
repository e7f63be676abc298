"""What training takes of a device's memory, and images of a disk, told before either starts."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from generation.engine.config import Recipe, RecipeError, RecipeRequest, resolve
from generation.engine.data import ImageSet
from generation.engine.footprint import smaller, training_bytes

LIMITS = Path("/sys/fs/cgroup")
# Of its raw bytes, what a PNG of a flat drawing takes; photographs take three times as much.
LEAST_SHARE = 0.3


class TooLittleMemory(RecipeError):
    """`fits` is what would do with the memory there is, by setting: a resolution, a preset, or nothing."""

    def __init__(self, request: RecipeRequest, needed: int, free: int, fits: dict[str, int | str]) -> None:
        self.needed, self.free, self.fits = needed, free, fits
        ways = " or ".join(f"{name} {value}" for name, value in fits.items())
        help = f"would fit: {ways}" if ways else "nothing smaller would fit: free some, or take another machine"
        asked = f"{request.resolution} px with preset {request.preset}"
        text = f"{asked} takes about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free; {help}."
        super().__init__("resolution", "too-little-memory", text)


def check_memory(request: RecipeRequest, images: ImageSet, device: torch.device, dtype: str) -> None:
    """Raises TooLittleMemory."""
    free = free_bytes(device)
    if free is None:
        return
    needed = _needed(request, images, dtype)
    if needed > free:
        fits = {name: value for name, value, other in smaller(request) if _needed(other, images, dtype) <= free}
        raise TooLittleMemory(request, needed, free, fits)


def _needed(request: RecipeRequest, images: ImageSet, dtype: str) -> int:
    classes = images.classes if request.labels else ()
    recipe = resolve(request, images=len(images), channels=images.channels, classes=classes, dtype=dtype)
    return training_bytes(recipe, len(images))


def free_bytes(device: torch.device) -> int | None:
    """None where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    known = [free for free in (_machine(), _container()) if free is not None]
    return min(known) if known else None


def check_room(folder: Path, recipe: Recipe, count: int) -> None:
    """Raises RecipeError where `count` PNG files of `recipe` cannot fit, not even if they are flat drawings."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())
    disk = os.statvfs(there)
    free, raw = disk.f_bavail * disk.f_frsize, recipe.channels * recipe.resolution**2
    each = -(-round(LEAST_SHARE * raw) // disk.f_frsize) * disk.f_frsize
    if count * each > free:
        text = f"{count:,} images take at least {count * each / 1e9:.1f} GB and {free / 1e9:.1f} GB are free in {there}"
        raise RecipeError("count", "no-room", f"{text}; make room, or at most {free // each:,} images.")


def _machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)


def _container() -> int | None:
    """What a container's limit leaves; what is only cached can be had back."""
    try:
        most, used = (LIMITS / name for name in ("memory.max", "memory.current"))
        cached = next(line for line in (LIMITS / "memory.stat").read_text().splitlines() if "inactive_file" in line)
        return int(most.read_text()) - int(used.read_text()) + int(cached.split()[-1])
    except (OSError, ValueError, StopIteration):
        return None
