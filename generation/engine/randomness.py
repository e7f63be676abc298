from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from generation.engine.teams import Team


@dataclass(frozen=True)
class Shared:
    """Random numbers of a whole batch, of which each process of a team takes its share."""

    random: torch.Generator
    team: Team


Source = torch.Generator | Shared


def uniform(count: int, source: Source, device: torch.device) -> Tensor:
    """[count] in [0, 1)"""
    if isinstance(source, torch.Generator):
        return torch.rand(count, generator=source, device=device)
    return source.team.share(torch.rand(count * source.team.size, generator=source.random, device=device))


def seeded(seed: int, purpose: str, number: int, device: torch.device | None = None) -> torch.Generator:
    """Random numbers that depend on these three alone: what comes before or between does not matter."""
    digest = hashlib.blake2b(f"{seed}/{purpose}/{number}".encode(), digest_size=8).digest()
    return torch.Generator(device or "cpu").manual_seed(int.from_bytes(digest) >> 1)
