from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from generation.engine.checkpoints import Checkpoint
from generation.engine.config import BLOCK, MAX_ATTEMPTS
from generation.engine.devices import autocast, memory_format, same_convolutions
from generation.engine.networks import build_generator
from generation.engine.pictures import Pixels
from generation.engine.png import encode_png
from generation.engine.trainer import to_pixels

__all__ = ["Sample", "Sampler", "encode_png", "image_seed"]


@dataclass(frozen=True)
class Sample:
    """One generated image, uint8 [H,W,C]; `seed` is the 64-bit number its latent was drawn from."""

    slot: int
    attempt: int
    seed: int
    label: str | None
    pixels: Pixels


class Sampler:
    """Makes image (slot, attempt) of a generator from (checkpoint hash, job seed, slot, attempt) and nothing else.

    Networks compute whole blocks of 64 aligned slots, each slot at its own place in the block, so that bytes do not
    depend on which slots are asked for or how they are shared out. They are equal for equal torch version,
    instruction set and dtype, which the checkpoint records. Labels go round: slot modulo the number of classes.
    """

    def __init__(self, checkpoint: Checkpoint, *, sha256: str, seed: int, device: torch.device | str) -> None:
        torch.set_flush_denormal(True)
        self.recipe, self.sha256, self.seed = checkpoint.recipe, sha256, seed
        self.device = torch.device(device)
        self.format = memory_format(self.device, self.recipe.dtype)
        net = build_generator(self.recipe)
        net.load_state_dict(checkpoint.part("ema"))
        self.net = net.to(self.device, memory_format=self.format).eval()  # type: ignore[call-overload]  # stubs lack it

    def images(self, slots: Sequence[int], attempts: Mapping[int, int] | None = None) -> Iterator[Sample]:
        """Samples in the order of `slots`, at the attempt given for each (0 by default, at most 15)."""
        attempts = attempts or {}
        for block, asked in groupby(slots, key=lambda slot: slot // BLOCK):
            yield from self._block(block, list(asked), attempts)

    def _block(self, block: int, asked: list[int], attempts: Mapping[int, int]) -> Iterator[Sample]:
        slots = range(block * BLOCK, (block + 1) * BLOCK)
        tries = [_checked(slot, attempts.get(slot, 0)) for slot in slots]
        seeds = [image_seed(self.sha256, self.seed, slot, k) for slot, k in zip(slots, tries, strict=True)]
        pixels = self._pixels(seeds, slots)
        for slot in asked:
            place = slot % BLOCK
            yield Sample(slot, tries[place], seeds[place], self.label(slot), pixels[place])

    def _pixels(self, seeds: list[int], slots: range) -> Pixels:
        latents = torch.from_numpy(np.stack([_latent(seed, self.recipe.latent_dim) for seed in seeds]))
        with torch.inference_mode(), same_convolutions(), autocast(self.device, self.recipe.dtype):
            return to_pixels(self.net(latents.to(self.device), self._labels(slots)))

    def _labels(self, slots: range) -> Tensor | None:
        classes = len(self.recipe.classes)
        return torch.tensor([slot % classes for slot in slots], device=self.device) if classes else None

    def label(self, slot: int) -> str | None:
        classes = self.recipe.classes
        return classes[slot % len(classes)] if classes else None


def image_seed(sha256: str, seed: int, slot: int, attempt: int) -> int:
    """The 64-bit number that image (slot, attempt) is drawn from."""
    text = f"{sha256.lower()}/{seed}/{slot}/{attempt}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _latent(seed: int, length: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Philox counts instead of carrying a state, so every seed is an independent stream."""
    return np.random.Generator(np.random.Philox(key=seed)).standard_normal(length, dtype=np.float32)


def _checked(slot: int, attempt: int) -> int:
    if slot < 0 or not 0 <= attempt < MAX_ATTEMPTS:
        raise ValueError(f"slot {slot}, attempt {attempt}: slots start at 0, attempts run from 0 to {MAX_ATTEMPTS - 1}")
    return attempt
