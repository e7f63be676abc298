"""Training and sampling speed of each preset's networks on this machine, in images per second.

python -m benchmarks.engine_speed [--seconds 10]
"""

from __future__ import annotations

import argparse
import time
from itertools import product

import numpy as np
import torch

from generation.engine.config import RESOLUTIONS, RecipeRequest, resolve
from generation.engine.data import ImageSet
from generation.engine.devices import best_device, best_dtype
from generation.engine.sampling import Sampler, encode_png
from generation.engine.trainer import Trainer
from generation.engine.training import images_per_second


def training_speed(request: RecipeRequest, seconds: float) -> float:
    return images_per_second(_noise(request.resolution), request, best_device(), seconds)


def sampling_speed(request: RecipeRequest, seconds: float) -> float:
    """Sampled and encoded as PNG."""
    device = best_device()
    recipe = resolve(request, images=1000, channels=3, dtype=best_dtype(device))
    checkpoint = Trainer(_noise(request.resolution), recipe, device).checkpoint(seconds=0)
    images = Sampler(checkpoint, sha256="", seed=0, device=device).images(range(10**9))
    encode_png(next(images).pixels)
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        encode_png(next(images).pixels)
        count += 1
    return count / (time.perf_counter() - started)


def _noise(resolution: int) -> ImageSet:
    pixels = np.random.default_rng(0).integers(0, 256, (1000, resolution, resolution, 3), dtype=np.uint8)
    return ImageSet(pixels, None, (), tuple(map(str, range(1000))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="time for each figure, in seconds")
    seconds = parser.parse_args().seconds
    print(f"{best_device()}, {best_dtype(best_device())}, {torch.get_num_threads()} threads")
    for preset, resolution in product(("quick", "best", "paper"), RESOLUTIONS):
        request = RecipeRequest(preset, resolution)
        trained, sampled = training_speed(request, seconds), sampling_speed(request, seconds)
        print(
            f"{preset:8} {resolution:4} px  training {trained:7.0f}/s  sampling with PNG {sampled:7.0f}/s", flush=True
        )


if __name__ == "__main__":
    main()
