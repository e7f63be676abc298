"""Which sources an image may repeat, from rows of numbers alone: one product for all pairs of images and sources."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.engine.metrics.features import Encoder, Pixels
from generation.engine.metrics.pairs import Pairs

CANDIDATES = 16
WAVE_NUMBERS = 8


class Rows:
    """Sources as rows of the encoder, which hardly change with moves and mirroring, and of waves, which no shift
    changes."""

    def __init__(self, pixels: Pixels, lights: Tensor, encoder: Encoder) -> None:
        self.encoder = encoder
        encoded, waves = self.encoded(pixels), wave_rows(lights)
        self.scales = _scale(encoded), _scale(waves)
        self.rows = torch.cat([encoded * self.scales[0], waves * self.scales[1]], dim=1)

    def encoded(self, pixels: Pixels) -> Tensor:
        return F.normalize(torch.from_numpy(self.encoder(pixels)), dim=1)

    def likeness(self, pixels: Pixels, lights: Tensor) -> Tensor:
        """uint8 [n,H,W,C] and blurred lights [n,1,32,32] -> likeness to each source, upright and mirrored, [n,2,N]"""
        encoded = self.encoded(pixels) * self.scales[0]
        both = [wave_rows(way) * self.scales[1] for way in (lights, lights.flip(3))]
        return torch.stack([torch.cat([encoded, waves], dim=1) @ self.rows.T for waves in both], dim=1)

    def likely(self, pixels: Pixels, lights: Tensor, own: Tensor | None, floor: float) -> Pairs:
        """The likeliest sources of each image, at most 16, whose likeness is at least `floor`."""
        likeness = self.likeness(pixels, lights)
        if own is not None:
            likeness.scatter_(2, own[:, None, None].expand(-1, 2, 1), -torch.inf)
        count = likeness.shape[2]
        values, places = likeness.flatten(1).topk(min(CANDIDATES, count), dim=1)
        image, rank = (values >= floor).nonzero(as_tuple=True)
        place = places[image, rank]
        return Pairs.unmoved(image, place % count, place >= count)


def wave_rows(lights: Tensor) -> Tensor:
    """[n,1,32,32] -> [n,128]: how strong each long wave is."""
    waves = torch.fft.rfft2(lights[:, 0] - lights.mean(dim=(2, 3))[:, :, None]).abs().sqrt()[:, :, :WAVE_NUMBERS]
    return F.normalize(torch.cat([waves[:, :WAVE_NUMBERS], waves[:, -WAVE_NUMBERS:]], dim=1).flatten(1), dim=1)


def _scale(rows: Tensor) -> float:
    """So that likenesses of scaled rows differ by 1 from one pair to another."""
    some = rows[:: max(1, len(rows) // 500)]
    return float((some @ some.T).std().clamp(min=1e-6) ** -0.5)
