"""python -m generation.engine.metrics.train_encoder: makes encoder.safetensors from images drawn by formula.

The encoder learns to tell a drawn image, however moved, recoloured, blended or worn, from all others of its batch
(SimCLR, Chen et al., 2020). The same machine makes the same file; other processors round differently.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.engine.meter import counted
from generation.engine.metrics import weights
from generation.engine.metrics.encoder import DESCRIBED, FILE, SIDE, Network
from generation.engine.metrics.formulas import FAMILY, draw
from generation.engine.metrics.views import view

POOL = 6144
DRAWN_SIDE = 72
BATCH = 256
TEMPERATURE = 0.1
RATE = 3e-3
STEPS = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, default=FILE)
    options = parser.parse_args()
    net = train(options.steps)
    print(f"{weights.write(options.out, net.state_dict())}  {options.out}")


def train(steps: int, seed: int = 0) -> Network:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    pool = _drawn(POOL, random)
    net = Network()
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # the stubs leave this form out
    adam = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps, pct_start=0.1)
    for _ in counted(steps, "Training the encoder"):
        _step(net, adam, pool, random)
        schedule.step()
    net.eval()
    _fit_axes(net, pool, random)
    return net


def _drawn(count: int, random: torch.Generator) -> Tensor:
    """uint8 [count,3,72,72]"""
    parts = [draw(256, DRAWN_SIDE, random) for _ in counted(count // 256, "Drawing")]
    return torch.cat([part.mul(255).round().byte() for part in parts])


def _step(net: Network, adam: torch.optim.Optimizer, pool: Tensor, random: torch.Generator) -> float:
    families = torch.randperm(len(pool) // FAMILY, generator=random)[: BATCH // FAMILY]
    chosen = (families[:, None] * FAMILY + torch.arange(FAMILY)).flatten()
    images = pool[chosen].float() / 255
    both = torch.cat([view(images, SIDE, random) for _ in range(2)]) * 2 - 1
    loss = contrast(net(both.contiguous(memory_format=torch.channels_last)))
    adam.zero_grad()
    loss.backward()
    adam.step()
    return float(loss.detach())


def contrast(places: Tensor) -> Tensor:
    """NT-Xent of [2B,D], where row n and row n + B are views of one image."""
    likeness = places @ places.T / TEMPERATURE
    likeness.fill_diagonal_(-math.inf)
    return F.cross_entropy(likeness, torch.arange(len(places)).roll(len(places) // 2))


@torch.no_grad()
def _fit_axes(net: Network, pool: Tensor, random: torch.Generator) -> None:
    """Principal axes of the statistics of drawn images, scaled to the same spread, so that no map outweighs others."""
    images = pool[torch.randperm(len(pool), generator=random)[:4096]]
    parts = [net.statistics(view_of(part)) for part in images.split(256)]
    rows = torch.cat(parts).double()
    net.centre = rows.mean(dim=0).float()
    _, spread, axes = torch.linalg.svd(rows - rows.mean(dim=0), full_matrices=False)
    net.axes = (axes[:DESCRIBED] / (spread[:DESCRIBED, None] / math.sqrt(len(rows)))).T.float()


def view_of(images: Tensor) -> Tensor:
    inner = (DRAWN_SIDE - SIDE) // 2
    return images[:, :, inner : inner + SIDE, inner : inner + SIDE].float() / 127.5 - 1


if __name__ == "__main__":
    main()
