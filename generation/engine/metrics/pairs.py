"""Finding, for each image, the source image it comes nearest to and how near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from generation.engine.metrics.alignment import Thumbs, difference, moves, rest_of_blend, thumbs, warp
from generation.engine.metrics.features import Encoder, Pixels

CANDIDATES = 24
STILLS = 2
WAVE_NUMBERS = 8
VERIFIED = 3
SECONDS = 3
AT_A_TIME = 64
COARSE_STEPS = 2
FINE_STEPS = 3
STILL = 0.12


@dataclass(frozen=True)
class Found:
    """For each image: how it differs from the nearest source alone, and from its best blend with another source."""

    alone: Tensor  # [n]
    blended: Tensor  # [n]
    source: Tensor  # [n]

    @classmethod
    def joined(cls, parts: list[Found]) -> Found:
        return cls(*(torch.cat([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__))


@dataclass(frozen=True)
class Place:
    """For each image: a source, whether the image is mirrored, and how the source is moved to meet it."""

    source: Tensor  # [n]
    mirrored: Tensor  # [n]
    move: Tensor  # [n,3]

    @classmethod
    def chosen(cls, places: list[Place], which: Tensor) -> Place:
        line = torch.arange(len(which))
        return cls(*(torch.stack([getattr(p, name) for p in places])[which, line] for name in cls.__annotations__))


class Pairs:
    """Source images as rows of `encoder` and as thumbs, ready to be searched."""

    def __init__(self, pixels: Pixels, encoder: Encoder) -> None:
        self.encoder = encoder
        blocks = [thumbs(pixels[n : n + 512]).half() for n in range(0, len(pixels), 512)]
        hue = None if blocks[0].hue is None else torch.cat([b.hue for b in blocks if b.hue is not None])
        self.thumbs = Thumbs(torch.cat([b.shape for b in blocks]), torch.cat([b.light for b in blocks]), hue)
        self.outlines = _outline(self.thumbs.shape.float())
        self.lights = _light_rows(self.thumbs.light.float())
        self.coarse = _coarse_rows(self.thumbs.light.float())
        rows, waves = _rows(encoder, pixels), _wave_rows(self.thumbs.light.float())
        self.scales = [_scale(part) for part in (rows, waves)]
        self.rows = self._joined(rows, waves)

    @torch.inference_mode()
    def search(self, pixels: Pixels, own: np.ndarray | None = None) -> Found:
        """uint8 [n,H,W,C]; `own` [n] are the places of sources that are left out, one for each image."""
        starts = range(0, len(pixels), AT_A_TIME)
        return Found.joined([self._search(pixels[n : n + AT_A_TIME], _part(own, n)) for n in starts])

    def _search(self, pixels: Pixels, own: Tensor | None) -> Found:
        images = thumbs(pixels)
        found, place = self._alone(images, *self._candidates(pixels, images, own))
        blended = [self._blended(images, tried, own) for tried in (place, *self._still(images, own))]
        return Found(found, torch.stack(blended).amin(dim=0), place.source)

    def _candidates(self, pixels: Pixels, images: Thumbs, own: Tensor | None) -> tuple[Tensor, Tensor]:
        """Sources [n,K] to look at closely, and whether mirrored [n,K]."""
        rows = _rows(self.encoder, pixels)
        upright, mirrored = (
            _nearest(self._joined(rows, _wave_rows(light)), self.rows, own, CANDIDATES)
            for light in (images.light, images.light.flip(3))
        )
        values, places = (torch.cat([u, m], dim=1) for u, m in zip(upright, mirrored, strict=True))
        best = values.topk(min(CANDIDATES, values.shape[1]), dim=1).indices
        return places.gather(1, best), best >= upright[0].shape[1]

    def _joined(self, rows: Tensor, waves: Tensor) -> Tensor:
        return torch.cat([rows * self.scales[0], waves * self.scales[1]], dim=1)

    def _still(self, images: Thumbs, own: Tensor | None) -> list[Place]:
        """The nearest sources pixel by pixel, either way round: blends lie where their greater part lay."""
        upright, mirrored = (
            _nearest(_light_rows(light), self.lights, own, STILLS) for light in (images.light, images.light.flip(3))
        )
        values, places = (torch.cat([u, m], dim=1) for u, m in zip(upright, mirrored, strict=True))
        best = values.topk(upright[0].shape[1], dim=1).indices
        source, turned = places.gather(1, best), best >= upright[0].shape[1]
        unmoved = torch.zeros(len(images), 3)
        return [Place(source[:, n], turned[:, n], unmoved) for n in range(best.shape[1])]

    def _alone(self, images: Thumbs, source: Tensor, mirrored: Tensor) -> tuple[Tensor, Place]:
        """The least difference [n] from any of the sources [n,K], and where it is found."""
        tried = [self._fine(images, place) for place in self._coarse(images, source, mirrored)]
        least, which = torch.stack([difference for difference, _ in tried]).min(dim=0)
        return least, Place.chosen([place for _, place in tried], which)

    def _coarse(self, images: Thumbs, source: Tensor, mirrored: Tensor) -> list[Place]:
        """The best places, by moving images of 16 px."""
        count, choices = source.shape
        line = torch.arange(count)
        ours = _outline(images.shape)
        ours = torch.stack([ours, ours.flip(3)], dim=1)[line[:, None], mirrored.long()].flatten(0, 1)  # [n*K,1,16,16]
        theirs = self.outlines[source.flatten()]
        move = moves(ours, theirs, COARSE_STEPS)
        fit = (_normal(warp(theirs, move).flatten(1)) * _normal(ours.flatten(1))).sum(dim=1).reshape(count, choices)
        move = move.reshape(count, choices, 3)
        best = fit.topk(min(VERIFIED, choices), dim=1).indices.T
        return [Place(source[line, n], mirrored[line, n], move[line, n]) for n in best]

    def _fine(self, images: Thumbs, place: Place) -> tuple[Tensor, Place]:
        ours, theirs = _turned(images, place.mirrored), self.thumbs[place.source]
        move = moves(ours.shape, theirs.shape, FINE_STEPS, place.move)
        still = difference(ours, theirs, torch.zeros_like(move))
        return torch.minimum(difference(ours, theirs, move), still), Place(place.source, place.mirrored, move)

    def _blended(self, images: Thumbs, place: Place, own: Tensor | None) -> Tensor:
        """The second source is the one that explains most of what the first leaves (orthogonal least squares)."""
        ours, move = _turned(images, place.mirrored).light, place.move
        # What shines through disturbs the search for the move, so a small one is taken for none.
        moved = torch.where((move.abs() > STILL).any(dim=1, keepdim=True), move, torch.zeros_like(move))
        light = warp(self.thumbs.light[place.source].float(), moved)
        first, whole = _coarse_rows(light), _coarse_rows(ours, scaled=False)
        rest = whole - (whole * first).sum(dim=1, keepdim=True) * first
        results = []
        for mirrored in (False, True):
            for second in self._seconds(rest, first, mirrored, (place.source, own)).T:
                other = self.thumbs.light[second].float()
                results.append(rest_of_blend(ours, light, other.flip(3) if mirrored else other))
        return torch.stack(results).amin(dim=0)

    def _seconds(self, rest: Tensor, first: Tensor, mirrored: bool, left_out: tuple[Tensor | None, ...]) -> Tensor:
        """[n,SECONDS] sources"""
        if mirrored:
            rest, first = (rows.unflatten(1, (8, 8)).flip(2).flatten(1) for rows in (rest, first))
        gain = rest @ self.coarse.T
        gain /= (first @ self.coarse.T).square_().neg_().add_(1.0001).sqrt_()
        for places in left_out:
            if places is not None:
                gain.scatter_(1, places[:, None], -1.0)
        return gain.topk(min(SECONDS, gain.shape[1]), dim=1).indices


def _rows(encoder: Encoder, pixels: Pixels) -> Tensor:
    return F.normalize(torch.from_numpy(encoder(pixels)), dim=1)


def _scale(rows: Tensor) -> float:
    """So that likenesses of scaled rows differ by 1 from one pair to another."""
    some = rows[:: max(1, len(rows) // 500)]
    return float((some @ some.T).std().clamp(min=1e-6) ** -0.5)


def _part(own: np.ndarray | None, first: int) -> Tensor | None:
    return None if own is None else torch.from_numpy(own[first : first + AT_A_TIME])


def _nearest(ours: Tensor, theirs: Tensor, own: Tensor | None, most: int) -> tuple[Tensor, Tensor]:
    """The greatest likenesses [n,most] among `theirs`, and whose they are."""
    likeness = ours @ theirs.T
    if own is not None:
        likeness.scatter_(1, own[:, None], -torch.inf)
    values, places = likeness.topk(min(most, len(theirs) - (own is not None)), dim=1)
    return values, places


def _normal(rows: Tensor) -> Tensor:
    return F.normalize(rows - rows.mean(dim=-1, keepdim=True), dim=-1)


def _outline(shape: Tensor) -> Tensor:
    """[n,C,32,32] -> [n,1,16,16]"""
    return F.avg_pool2d(shape.mean(dim=1, keepdim=True), 2)


def _light_rows(light: Tensor) -> Tensor:
    """[n,1,32,32] -> [n,256]"""
    return _normal(F.avg_pool2d(light, 2).flatten(1))


def _coarse_rows(light: Tensor, scaled: bool = True) -> Tensor:
    """[n,1,32,32] -> [n,64]"""
    rows = F.avg_pool2d(light, 4).flatten(1)
    rows = rows - rows.mean(dim=1, keepdim=True)
    return F.normalize(rows, dim=1) if scaled else rows


def _wave_rows(light: Tensor) -> Tensor:
    """[n,1,32,32] -> [n,128]: how strong each long wave is, which no shift changes."""
    waves = torch.fft.rfft2(light[:, 0] - light.mean(dim=(2, 3))[:, :, None]).abs().sqrt()[:, :, :WAVE_NUMBERS]
    return F.normalize(torch.cat([waves[:, :WAVE_NUMBERS], waves[:, -WAVE_NUMBERS:]], dim=1).flatten(1), dim=1)


def _turned(images: Thumbs, mirrored: Tensor) -> Thumbs:
    other, chosen = images.mirrored(), mirrored[:, None, None, None]
    hue = None if images.hue is None or other.hue is None else torch.where(chosen, other.hue, images.hue)
    return Thumbs(torch.where(chosen, other.shape, images.shape), torch.where(chosen, other.light, images.light), hue)
