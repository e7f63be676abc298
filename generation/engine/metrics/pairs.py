"""Images beside the sources that they may repeat, fewer after each closer look."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.engine.metrics.alignment import moves, warp
from generation.engine.metrics.differences import difference
from generation.engine.metrics.thumbs import Thumbs, turned

COARSE_STEPS = 2
FINE_STEPS = 3
VERIFIED = 3


@dataclass(frozen=True)
class Pairs:
    """Which image beside which source, whether the image is mirrored, and how the source is moved to meet it."""

    image: Tensor  # [P]
    source: Tensor  # [P]
    mirrored: Tensor  # [P]
    move: Tensor  # [P,3]

    @classmethod
    def unmoved(cls, image: Tensor, source: Tensor, mirrored: Tensor) -> Pairs:
        return cls(image, source, mirrored, torch.zeros(len(image), 3))

    def __len__(self) -> int:
        return len(self.image)

    def __getitem__(self, chosen: Tensor) -> Pairs:
        return Pairs(self.image[chosen], self.source[chosen], self.mirrored[chosen], self.move[chosen])

    def of(self, image: Tensor) -> Pairs:
        """The same with images numbered anew."""
        return Pairs(image, self.source, self.mirrored, self.move)


def roughly(outlines: Tensor, others: Tensor, pairs: Pairs) -> tuple[Tensor, Pairs]:
    """Moves sources by outlines [.,1,16,16]; how well each then fits [P], 1 at best."""
    ours, theirs = turned(outlines[pairs.image], pairs.mirrored), others[pairs.source]
    move = moves(ours, theirs, COARSE_STEPS, pairs.move)
    fit = (normal(warp(theirs, move).flatten(1)) * normal(ours.flatten(1))).sum(dim=1)
    return fit, Pairs(pairs.image, pairs.source, pairs.mirrored, move)


def best_of_each(fit: Tensor, pairs: Pairs, most: int = VERIFIED) -> Pairs:
    """The `most` best of each image."""
    order = fit.argsort(descending=True, stable=True)
    order = order[pairs.image[order].argsort(stable=True)]
    images = pairs.image[order]
    first = torch.searchsorted(images, images)
    return pairs[order[torch.arange(len(order)) - first < most]]


def closely(images: Thumbs, others: Thumbs, pairs: Pairs) -> Tensor:
    """`difference` of each pair [P], moved once more or left where it was."""
    if len(pairs) == 0:
        return torch.empty(0)
    ours, theirs = images[pairs.image].turned(pairs.mirrored), others[pairs.source]
    move = moves(ours.shape, theirs.shape, FINE_STEPS, pairs.move)
    return torch.minimum(difference(ours, theirs, move), difference(ours, theirs, torch.zeros_like(move)))


def least(differences: Tensor, pairs: Pairs, images: int) -> tuple[Tensor, Tensor]:
    """The least difference of each image [n], infinite where it has no pair, and from which source [n]."""
    found, source = torch.full((images,), torch.inf), torch.zeros(images, dtype=torch.long)
    order = differences.argsort(descending=True, stable=True)
    for places, values in ((found, differences), (source, pairs.source)):
        places[pairs.image[order]] = values[order]
    return found, source


def outlines(shape: Tensor) -> Tensor:
    """[n,C,32,32] -> [n,1,16,16]"""
    return F.avg_pool2d(shape.mean(dim=1, keepdim=True), 2)


def normal(rows: Tensor) -> Tensor:
    return F.normalize(rows - rows.mean(dim=-1, keepdim=True), dim=-1)
