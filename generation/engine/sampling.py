"""Slots in, images out, in whole blocks of 64: what is in memory does not grow with the number of images."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from generation.engine.checkpoints import Checkpoint
from generation.engine.config import BLOCK, MAX_ATTEMPTS, Recipe
from generation.engine.devices import autocast, memory_format, same_convolutions
from generation.engine.networks import build_generator
from generation.engine.pictures import Pixels, to_pixels
from generation.engine.png import encode_png
from generation.engine.shares import Shares
from generation.engine.workers import cores, in_order, one_thread

__all__ = ["Batch", "Sample", "Sampler", "encode_png", "image_seed"]

# Bytes that blocks computed side by side may take, and about how many copies of its widest level one takes.
MOST_MEMORY = 4 << 30
COPIES = 3


@dataclass(frozen=True)
class Sample:
    """One generated image, uint8 [H,W,C]; `seed` is the 64-bit number its latent was drawn from."""

    slot: int
    attempt: int
    seed: int
    label: str | None
    pixels: Pixels


@dataclass(frozen=True)
class Batch:
    """Up to 64 generated images, pixels uint8 [n,H,W,C]; the rest as in Sample, for each."""

    slots: list[int]
    attempts: list[int]
    seeds: list[int]
    labels: list[str | None]
    pixels: Pixels

    def samples(self) -> Iterator[Sample]:
        rows = zip(self.slots, self.attempts, self.seeds, self.labels, self.pixels, strict=True)
        return (Sample(*row) for row in rows)


class Sampler:
    """Makes image (slot, attempt) of a generator from (checkpoint hash, job seed, slot, attempt) and nothing else.

    The network computes 64 places at a time on one thread, and slot i has place i modulo 64, so that bytes do not
    depend on which slots are asked for, how they are shared out or how many cores there are. They are equal for equal
    torch version, instruction set and dtype, which the checkpoint records. Where the generator has classes, `shares`
    says which slot has which; without, they go round: slot modulo the number of classes.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        sha256: str,
        seed: int,
        device: torch.device | str,
        shares: Shares | None = None,
    ) -> None:
        self.recipe, self.sha256, self.seed, self.shares = checkpoint.recipe, sha256, seed, shares
        if shares is not None and len(shares.counts) != len(self.recipe.classes):
            raise ValueError(f"{len(shares.counts)} shares for {len(self.recipe.classes)} classes")
        self.device = torch.device(device)
        net = build_generator(self.recipe)
        net.load_state_dict(checkpoint.part("ema"))
        self.net = _folded(net.eval()).to(self.device, memory_format=memory_format(self.device))  # type: ignore[call-overload]  # stubs lack it
        self.threads = _threads(self.device, self.recipe)

    def images(self, slots: Iterable[int], attempts: Mapping[int, int] | None = None) -> Iterator[Sample]:
        """Samples in the order of `slots`, at the attempt given for each (0 by default, below MAX_ATTEMPTS)."""
        for batch in self.batches(slots, attempts):
            yield from batch.samples()

    def batches(self, slots: Iterable[int], attempts: Mapping[int, int] | None = None) -> Iterator[Batch]:
        """The same, up to 64 at a time, several being computed side by side."""
        return in_order(partial(self.batch, attempts=attempts or {}), together(slots), self.threads)

    def batch(self, slots: Sequence[int], attempts: Mapping[int, int]) -> Batch:
        """Images of slots of which no two have the same place in a block of 64."""
        tries = [_checked(slot, attempts.get(slot, 0)) for slot in slots]
        seeds = [image_seed(self.sha256, self.seed, slot, k) for slot, k in zip(slots, tries, strict=True)]
        places = [slot % BLOCK for slot in slots]
        latents = np.zeros((BLOCK, self.recipe.latent_dim), dtype=np.float32)
        latents[places] = _latents(seeds, self.recipe.latent_dim)
        numbers = np.zeros(BLOCK, dtype=np.int64)
        numbers[places] = self._classes_of(slots)
        labels = [self.recipe.classes[number] if self.recipe.classes else None for number in numbers[places]]
        return Batch(list(slots), tries, seeds, labels, self._pixels(latents, numbers)[places])

    def label(self, slot: int) -> str | None:
        return self.recipe.classes[self._classes_of([slot])[0]] if self.recipe.classes else None

    def _classes_of(self, slots: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        if self.shares is not None:
            return self.shares.classes_of(slots)
        return np.asarray(slots, dtype=np.int64) % max(1, len(self.recipe.classes))

    def _pixels(self, latents: np.ndarray, numbers: np.ndarray) -> Pixels:
        with torch.inference_mode(), one_thread(), same_convolutions(), autocast(self.device, self.recipe.dtype):
            labels = self._placed(numbers) if self.recipe.classes else None
            return to_pixels(self.net(self._placed(latents), labels))

    def _placed(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.device)


def together(slots: Iterable[int]) -> Iterator[list[int]]:
    """Stretches of `slots` in which no two have the same place in a block of 64: whole blocks where they follow on."""
    batch: dict[int, int] = {}
    for slot in slots:
        if slot % BLOCK in batch:
            yield list(batch.values())
            batch = {}
        batch[slot % BLOCK] = slot
    if batch:
        yield list(batch.values())


def image_seed(sha256: str, seed: int, slot: int, attempt: int) -> int:
    """The 64-bit number that image (slot, attempt) is drawn from."""
    text = f"{sha256.lower()}/{seed}/{slot}/{attempt}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _latents(seeds: Sequence[int], length: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Philox counts instead of carrying a state, so every seed is an independent stream."""
    latents = np.empty((len(seeds), length), dtype=np.float32)
    philox = np.random.Philox(key=0)
    random, start = np.random.Generator(philox), philox.state
    for row, seed in zip(latents, seeds, strict=True):
        start["state"]["key"][0] = seed
        philox.state = start
        random.standard_normal(out=row, dtype=np.float32)
    return latents


def _checked(slot: int, attempt: int) -> int:
    if slot < 0 or not 0 <= attempt < MAX_ATTEMPTS:
        raise ValueError(f"slot {slot}, attempt {attempt}: slots start at 0, attempts run from 0 to {MAX_ATTEMPTS - 1}")
    return attempt


def _folded(net: nn.Module) -> nn.Module:
    """Batch normalisation becomes part of the convolution before it: the same images, in fewer trips to memory."""
    for module in list(net.modules()):
        if isinstance(module, nn.Sequential):
            for number, (layer, after) in enumerate(zip(module, list(module)[1:], strict=False)):
                if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and isinstance(after, nn.BatchNorm2d):
                    transposed = isinstance(layer, nn.ConvTranspose2d)
                    module[number] = fuse_conv_bn_eval(layer, after, transpose=transposed)
                    module[number + 1] = nn.Identity()
    return net


def _threads(device: torch.device, recipe: Recipe) -> int:
    """As many blocks side by side as there are cores and memory for; a GPU takes one at a time."""
    if device.type != "cpu":
        return 1
    widest = 4 * BLOCK * recipe.widths[-1] * (recipe.resolution // 2) ** 2
    return max(1, min(cores(), MOST_MEMORY // (COPIES * widest)))
