from __future__ import annotations

import hashlib

import torch


def seeded(seed: int, purpose: str, number: int, device: torch.device | None = None) -> torch.Generator:
    """Random numbers that depend on these three alone: what comes before or between does not matter."""
    digest = hashlib.blake2b(f"{seed}/{purpose}/{number}".encode(), digest_size=8).digest()
    return torch.Generator(device or "cpu").manual_seed(int.from_bytes(digest) >> 1)
