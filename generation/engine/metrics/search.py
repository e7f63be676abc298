"""Finding, for each image, the source image it comes nearest to and how near; most images are cleared at a glance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generation.engine.metrics import details, pairs, views
from generation.engine.metrics.features import Encoder, Pixels
from generation.engine.metrics.rows import Rows
from generation.engine.metrics.thumbs import SIDE, Thumbs, small, thumbs

AT_A_TIME = 64
PLANTED = 512
MISSED = 0.002


@dataclass(frozen=True)
class Found:
    """For each image: how it differs from the nearest source wherever that is moved, infinite where none is worth
    the look, and by its details; and the source nearest by either."""

    alone: Tensor  # [n]
    details: Tensor  # [n]
    sources: Tensor  # [n,2]

    @classmethod
    def joined(cls, parts: list[Found]) -> Found:
        return cls(*(torch.cat([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))


@dataclass(frozen=True)
class Floors:
    """What a pair must reach to be looked at again: `likeness` of rows, and `fit` of outlines."""

    likeness: float = -torch.inf
    fit: float = -torch.inf


class Search:
    """Source images as rows, as details and as thumbs."""

    def __init__(self, pixels: Pixels, encoder: Encoder) -> None:
        blocks = [pixels[n : n + 512] for n in range(0, len(pixels), 512)]
        self.thumbs = Thumbs.joined([thumbs(block) for block in blocks])
        self.outlines = pairs.outlines(self.thumbs.shape.float())
        self.rows = Rows(pixels, self.thumbs.light.float(), encoder)
        self.details = details.Details(torch.cat([details.sharp_lights(block) for block in blocks]))
        self.floors = self._floors(pixels)

    @torch.inference_mode()
    def find(self, pixels: Pixels, own: np.ndarray | None = None, *, thorough: bool = False) -> Found:
        """uint8 [n,H,W,C]; `own` [n] are the places of sources that are left out, one for each image. A thorough
        search looks at each image's likeliest sources however unlikely they are."""
        floors = Floors() if thorough else self.floors
        starts = range(0, len(pixels), AT_A_TIME)
        return Found.joined([self._block(pixels[n : n + AT_A_TIME], _part(own, n), floors) for n in starts])

    def _block(self, pixels: Pixels, own: Tensor | None, floors: Floors) -> Found:
        lights = details.sharp_lights(pixels)
        fine, source = self.details.nearest(lights, own)
        tried = self.rows.likely(pixels, small(lights, SIDE), own, floors.likeness)
        alone, other = self._alone(pixels, tried, floors)
        return Found(alone, fine, torch.stack([other, source], dim=1))

    def _alone(self, pixels: Pixels, tried: pairs.Pairs, floors: Floors) -> tuple[Tensor, Tensor]:
        """The least difference [n] in any of the pairs, and from which source [n]."""
        busy, image = tried.image.unique(return_inverse=True)
        alone, source = torch.full((len(pixels),), torch.inf), torch.zeros(len(pixels), dtype=torch.long)
        if len(busy) == 0:
            return alone, source
        images, tried = thumbs(pixels[busy.numpy()]), tried.of(image)
        fit, tried = pairs.roughly(pairs.outlines(images.shape), self.outlines, tried)
        worth = fit >= floors.fit
        tried = pairs.best_of_each(fit[worth], tried[worth])
        alone[busy], source[busy] = pairs.least(pairs.closely(images, self.thumbs, tried), tried, len(images))
        return alone, source

    @torch.inference_mode()
    def _floors(self, pixels: Pixels) -> Floors:
        """What all but a few of planted copies reach beside their own sources."""
        random = torch.Generator().manual_seed(0)
        source = torch.randperm(len(pixels), generator=random)[:PLANTED]
        planted = views.repeated(pixels[source.numpy()], random)
        images, line = thumbs(planted), torch.arange(len(source))
        likeness, side = self.rows.likeness(planted, images.light)[line, :, source].max(dim=1)
        tried = pairs.Pairs.unmoved(line, source, side.bool())
        fit, _ = pairs.roughly(pairs.outlines(images.shape), self.outlines, tried)
        return Floors(*(float(values.quantile(MISSED)) for values in (likeness, fit)))


def _part(own: np.ndarray | None, first: int) -> Tensor | None:
    return None if own is None else torch.from_numpy(own[first : first + AT_A_TIME])
