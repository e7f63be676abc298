"""Training speed of the networks of preset `paper` at 64 px against a plain PyTorch loop, both sides in turn.

The plain side is what a script written from the paper does: float32, images through a DataLoader, default Adam. The
rungs between it and the engine add one thing at a time and say what came from what.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from benchmarks.bars import Bar
from generation.engine.config import Recipe, RecipeRequest, resolve
from generation.engine.data import ImageSet
from generation.engine.devices import best_dtype
from generation.engine.networks import build_discriminator, build_generator
from generation.engine.trainer import Trainer

RESOLUTION, IMAGES = 64, 1000
ROUNDS, SECONDS = 5, 6.0
CPU = torch.device("cpu")

Step = Callable[[], None]


@dataclass(frozen=True)
class Ways:
    """What a loop does beyond the plain one."""

    resident: bool = False
    fused: bool = False
    channels_last: bool = False
    bfloat16: bool = False


RUNGS = {
    "plain loop": Ways(),
    "images kept as tensors": Ways(resident=True),
    "fused Adam": Ways(resident=True, fused=True),
    "channels last": Ways(resident=True, fused=True, channels_last=True),
    "bfloat16": Ways(resident=True, fused=True, channels_last=True, bfloat16=True),
}


def bars(*, full: bool) -> Iterator[Bar]:
    recipe = resolve(RecipeRequest("paper", RESOLUTION), images=IMAGES, channels=3)
    speeds = in_turn(_contenders(recipe), recipe.batch, rounds=2 * ROUNDS if full else ROUNDS)
    plain = speeds["plain loop"]
    detail = "; ".join(f"{name} {speed:.0f}/s ({speed / plain:.2f}x)" for name, speed in speeds.items())
    yield Bar("training at 64 px, float32, against a plain loop", speeds["engine, float32"] / plain, 1.15, "x", True)
    if "engine, bfloat16" in speeds:
        fast = speeds["engine, bfloat16"] / plain
        yield Bar("training at 64 px, bfloat16, against a plain loop", fast, 1.8, "x", True, detail)


def _contenders(recipe: Recipe) -> dict[str, Step]:
    fast = best_dtype(CPU) == "bfloat16"
    images = _noise(RESOLUTION)
    steps = {name: plain_loop(images, recipe, ways) for name, ways in RUNGS.items() if fast or not ways.bfloat16}
    for dtype in ("float32", *(["bfloat16"] if fast else [])):
        steps[f"engine, {dtype}"] = Trainer(images, replace(recipe, dtype=dtype), CPU).step
    return steps


def in_turn(steps: dict[str, Step], batch: int, rounds: int) -> dict[str, float]:
    """Images per second of each, the median of `rounds`."""
    found: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 1):
        for name, step in steps.items():
            speed = _speed(step, batch)
            if number:  # the first round warms up
                found[name].append(speed)
    return {name: median(speeds) for name, speeds in found.items()}


def _speed(step: Step, batch: int) -> float:
    started, steps = time.perf_counter(), 0
    while time.perf_counter() - started < SECONDS:
        step()
        steps += 1
    return steps * batch / (time.perf_counter() - started)


class _Images(Dataset[Tensor]):
    def __init__(self, images: ImageSet) -> None:
        self.pixels = images.pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, place: int) -> Tensor:
        return _normal(torch.from_numpy(self.pixels[place]).permute(2, 0, 1))


def _normal(pixels: Tensor) -> Tensor:
    return pixels.float().div(127.5).sub(1)


def plain_loop(images: ImageSet, recipe: Recipe, ways: Ways) -> Step:
    """One step of a least-squares GAN: the generator's update, then the discriminator's on the same fakes."""
    layout = torch.channels_last if ways.channels_last else torch.contiguous_format
    nets = [build(recipe).to(memory_format=layout) for build in (build_generator, build_discriminator)]  # type: ignore[call-overload]  # stubs lack it
    generator, discriminator = nets
    adams = [_adam(net, recipe, fused=ways.fused) for net in nets]
    batches = _resident(images, recipe.batch) if ways.resident else _loaded(images, recipe.batch)

    def step() -> None:
        reals = next(batches).contiguous(memory_format=layout)
        latents = torch.randn(len(reals), recipe.latent_dim)
        with torch.autocast("cpu", torch.bfloat16, enabled=ways.bfloat16):
            fakes = generator(latents)
            loss_g = F.mse_loss(discriminator(fakes), torch.ones(len(reals)))
        _improve(adams[0], loss_g)
        with torch.autocast("cpu", torch.bfloat16, enabled=ways.bfloat16):
            real = F.mse_loss(discriminator(reals), torch.ones(len(reals)))
            loss_d = (real + F.mse_loss(discriminator(fakes.detach()), torch.zeros(len(reals)))) / 2
        _improve(adams[1], loss_d)

    return step


def _improve(adam: torch.optim.Adam, loss: Tensor) -> None:
    adam.zero_grad()
    loss.backward()
    adam.step()


def _adam(net: nn.Module, recipe: Recipe, *, fused: bool) -> torch.optim.Adam:
    return torch.optim.Adam(net.parameters(), lr=recipe.lr_g, betas=recipe.betas, fused=fused or None)


def _loaded(images: ImageSet, batch: int) -> Iterator[Tensor]:
    loader = DataLoader(_Images(images), batch_size=batch, shuffle=True, drop_last=True)
    while True:
        yield from loader


def _resident(images: ImageSet, batch: int) -> Iterator[Tensor]:
    pixels = torch.from_numpy(images.pixels).permute(0, 3, 1, 2)
    for order in cycle([torch.randperm(len(pixels)) for _ in range(8)]):
        for chosen in order.split(batch)[:-1]:
            yield _normal(pixels[chosen])


def _noise(side: int) -> ImageSet:
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, side, side, 3), dtype=np.uint8)
    return ImageSet(pixels, None, (), tuple(map(str, range(IMAGES))))
