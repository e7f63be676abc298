"""What the engine makes of a GPU: speed, share of the bf16 peak, where the time goes. Runs without Django.

python -m benchmarks.gpu [--seconds 5] [--preset paper ...] [--resolution 64 ...] [--whole]
python -m benchmarks.gpu --device cpu --seconds 0.5 --preset quick --resolution 28    (does it run at all?)
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from generation.engine.config import PRESETS, RESOLUTIONS, Recipe, RecipeRequest, resolve
from generation.engine.data import ImageSet
from generation.engine.devices import best_dtype, chosen_device, trouble_with, wait_for
from generation.engine.trainer import Trainer

IMAGES = 1000
WARM_UP = 8
# R1 comes every sixteenth step, the augmentation's strength is adapted every fourth.
ROUND = 16
PAPER_KIMG, GOAL_SECONDS = 750.0, 60.0


@dataclass(frozen=True)
class Speed:
    """Training: real images per second, floating-point operations per image. `watched` tells what only a GPU can:
    its memory in use, and how often in a step the CPU waited for it."""

    images_per_second: float
    flop_per_image: float
    watched: str

    def words(self, peak: float) -> str:
        share = 100 * self.images_per_second * self.flop_per_image / peak
        speed = f"{self.images_per_second:9.0f} img/s  {self.flop_per_image / 1e9:6.2f} GFLOP/img"
        return f"{speed}  {share:5.1f} % of peak{self.watched}"


def main() -> None:
    options = _options()
    trouble = trouble_with("cuda") if options.device is None else None
    if trouble is not None:
        print(f"no GPU here ({trouble}): nothing was measured")
        return
    device = chosen_device(options.device or "cuda")
    peak = matmul_peak(device, options.seconds)
    print(f"{_name(device)}, torch {torch.__version__}, {best_dtype(device)}")
    print(f"peak: {peak / 1e12:.2f} TFLOP/s in one large bf16 matrix product")
    for preset, resolution in product(options.preset, options.resolution):
        speed = measured(preset, resolution, device, options.seconds)
        print(f"{preset:8} {resolution:4} px  {speed.words(peak)}", flush=True)
    preset, resolution = options.preset[0], options.resolution[0]
    print(f"\nwhere the time of {preset} at {resolution} px goes, {ROUND} steps:")
    print(where_time_goes(preset, resolution, device))
    if "paper" in options.preset and 64 in options.resolution:
        print(paper(device, options.seconds, options.whole))


def matmul_peak(device: torch.device, seconds: float) -> float:
    """FLOP/s of a product of square bf16 matrices, the most the device is seen to do."""
    side = 8192 if device.type == "cuda" else 1024
    left, right = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    left @ right
    done, elapsed = _timed(lambda: left @ right, device, seconds)
    return 2 * side**3 * done / elapsed


def measured(preset: str, resolution: int, device: torch.device, seconds: float) -> Speed:
    trainer = _trainer(preset, resolution, device)
    for _ in range(WARM_UP):
        trainer.step()
    flop = _flop_per_round(trainer) / (ROUND * trainer.recipe.batch)
    watched = _watched(trainer) if device.type == "cuda" else ""
    steps, elapsed = _timed(trainer.step, device, seconds)
    return Speed(steps * trainer.recipe.batch / elapsed, flop, watched)


def where_time_goes(preset: str, resolution: int, device: torch.device) -> str:
    trainer = _trainer(preset, resolution, device)
    for _ in range(WARM_UP):
        trainer.step()
    cuda = device.type == "cuda"
    with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]) as profiled:
        for _ in range(ROUND):
            trainer.step()
        wait_for(device)
    order = "self_cuda_time_total" if cuda else "self_cpu_time_total"
    return str(profiled.key_averages().table(sort_by=order, row_limit=12, max_name_column_width=50))


def paper(device: torch.device, seconds: float, whole: bool) -> str:
    """The published recipe's 750 kimg: as long as the speed says, or really trained."""
    if not whole:
        taken = PAPER_KIMG * 1000 / measured("paper", 64, device, seconds).images_per_second
        return f"paper's {PAPER_KIMG:.0f} kimg at 64 px, at this speed: {taken:.0f} s (goal: {GOAL_SECONDS:.0f} s)"
    trainer = _trainer("paper", 64, device)
    started = time.perf_counter()
    while not trainer.finished:
        trainer.step()
    wait_for(device)
    taken = time.perf_counter() - started
    return f"paper's {trainer.kimg:.0f} kimg at 64 px trained in {taken:.0f} s (goal: {GOAL_SECONDS:.0f} s)"


def _trainer(preset: str, resolution: int, device: torch.device) -> Trainer:
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, resolution, resolution, 3), dtype=np.uint8)
    return Trainer(
        ImageSet(pixels, None, (), tuple(map(str, range(IMAGES)))), _recipe(preset, resolution, device), device
    )


def _recipe(preset: str, resolution: int, device: torch.device) -> Recipe:
    return resolve(
        RecipeRequest(preset, resolution, kimg=PAPER_KIMG), images=IMAGES, channels=3, dtype=best_dtype(device)
    )


def _flop_per_round(trainer: Trainer) -> float:
    with FlopCounterMode(display=False) as counter:
        for _ in range(ROUND):
            trainer.step()
    return float(counter.get_total_flops())


def _watched(trainer: Trainer) -> str:
    """PyTorch's own watch over synchronisation sees each time the CPU waits for the GPU."""
    torch.cuda.set_sync_debug_mode("warn")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(ROUND):
            trainer.step()
    torch.cuda.set_sync_debug_mode("default")
    memory = torch.cuda.max_memory_allocated(trainer.device) / 1e9
    return f"  {memory:6.2f} GB  {len(told) / ROUND:.2f} waits/step"


def _timed(work: Callable[[], object], device: torch.device, seconds: float) -> tuple[int, float]:
    """How often `work` was done, and in how many seconds, with what the device still owed at the end."""
    wait_for(device)
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        for _ in range(ROUND):
            work()
        done += ROUND
        wait_for(device)
    return done, time.perf_counter() - started


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", help="cuda, cuda:1, mps or cpu; CUDA when left out")
    parser.add_argument("--seconds", type=float, default=5.0, help="time for each figure, in seconds (default: 5)")
    parser.add_argument("--preset", choices=PRESETS, nargs="+", default=["paper", "quick", "best"])
    parser.add_argument("--resolution", type=int, choices=RESOLUTIONS, nargs="+", default=[64, 28, 128, 256])
    parser.add_argument("--whole", action="store_true", help="really train paper's 750 kimg at 64 px")
    return parser.parse_args()


if __name__ == "__main__":
    main()
