from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from generation.engine.augment import augment
from generation.engine.config import Recipe
from generation.engine.data import ImageSet
from generation.engine.pictures import Pixels, to_pixels, to_tensor
from generation.engine.randomness import seeded
from generation.engine.teams import ALONE, Team


class Batches:
    """The real images on the device, as an endless row of shuffled passes.

    What a batch holds depends on the recipe's seed and the number of the step alone.
    """

    def __init__(self, images: ImageSet, recipe: Recipe, device: torch.device, memory_format: torch.memory_format):
        self.recipe, self.device, self.format = recipe, device, memory_format
        self.fingerprint = _fingerprint(images)
        self.pixels = torch.from_numpy(_with_variants(images.pixels, recipe)).to(device)  # uint8 [N,H,W,C]
        labels = None if images.labels is None or not recipe.classes else np.tile(images.labels, recipe.offline_copies)
        self.labels = None if labels is None else torch.from_numpy(labels).to(device)
        self._order: tuple[int, Tensor] | None = None

    def at(self, step: int, team: Team = ALONE) -> tuple[Tensor, Tensor | None]:
        """The images of one step, of a team its share: float [B,C,H,W] in [-1, 1], labels [B]."""
        first = step * self.recipe.batch
        places = range(first, first + self.recipe.batch)
        passes = itertools.groupby(places, lambda place: place // len(self.pixels))
        order = torch.cat([self._shuffled(number)[_span(row, len(self.pixels))] for number, row in passes])
        return self.chosen(team.share(order))

    def chosen(self, places: Tensor) -> tuple[Tensor, Tensor | None]:
        images = to_tensor(self.pixels[places]).contiguous(memory_format=self.format)
        return images, None if self.labels is None else self.labels[places]

    def _shuffled(self, number: int) -> Tensor:
        """A pass's order, kept on the device: copying each step's share of it would make the CPU wait for a GPU."""
        if self._order is None or self._order[0] != number:
            order = torch.randperm(len(self.pixels), generator=seeded(self.recipe.seed, "pass", number))
            self._order = number, order.to(self.device)
        return self._order[1]


def _span(places: Iterator[int], length: int) -> slice:
    """Consecutive places of one pass -> where they are in it."""
    first, *others = (place % length for place in places)
    return slice(first, first + 1 + len(others))


def _fingerprint(images: ImageSet) -> str:
    """Of pixels and labels: a run is only resumed with the images that it began with."""
    digest = hashlib.blake2b(np.ascontiguousarray(images.pixels).data, digest_size=16)
    if images.labels is not None:
        digest.update(np.ascontiguousarray(images.labels).data)
    return digest.hexdigest()


def _with_variants(pixels: Pixels, recipe: Recipe) -> Pixels:
    """The offline augmentation of preset `paper`: each image and `offline_copies` - 1 fixed variants of it."""
    variants = [pixels]
    for number in range(1, recipe.offline_copies):
        random = seeded(recipe.seed, "variant", number)
        parts = to_tensor(pixels).split(256)
        changed = [augment(part, ("flip", "colour", "translation"), 1.0, random) for part in parts]
        variants.append(to_pixels(torch.cat(changed)))
    return np.concatenate(variants)
