"""What is finest in an image, where it lies: it shines through whatever else an image is blended with."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.engine.metrics.differences import worst_spot
from generation.engine.metrics.features import Pixels
from generation.engine.metrics.thumbs import SIDE, as_floats, blur, turned

COMPRESSED = 256
CLOSEST = 4
GAIN = (0.5, 1.2)


class Details:
    """The details of source images, ready to be searched upright and mirrored."""

    def __init__(self, lights: Tensor) -> None:
        maps = details(lights)
        self.axes = _directions(maps[0].numel())
        self.rows = F.normalize(maps.flatten(1), dim=1) @ self.axes
        self.maps = maps.half()

    def nearest(self, lights: Tensor, own: Tensor | None) -> tuple[Tensor, Tensor]:
        """Sharp lights [n,1,S,S] -> the least that any source leaves of their details [n], and which source [n].

        Random directions keep products of rows nearly as they are (Johnson and Lindenstrauss, 1984), so that few
        sources are worth a closer look.
        """
        maps = details(lights)
        source, mirrored = self._closest(maps, own)  # [n,K]
        ours = turned(maps.repeat_interleave(source.shape[1], dim=0), mirrored.flatten())
        left = worst_spot(ours, self.maps[source.flatten()].float(), GAIN)
        found, which = left.reshape(source.shape).min(dim=1)
        return found, source.gather(1, which[:, None])[:, 0]

    def _closest(self, maps: Tensor, own: Tensor | None) -> tuple[Tensor, Tensor]:
        both = torch.stack([maps, maps.flip(3)], dim=1).flatten(2)  # [n,2,S*S]
        likeness = (F.normalize(both, dim=2) @ self.axes) @ self.rows.T  # [n,2,N]
        count = likeness.shape[2]
        if own is not None:
            likeness.scatter_(2, own[:, None, None].expand(-1, 2, 1), -torch.inf)
        best = likeness.flatten(1).topk(min(CLOSEST, count), dim=1).indices
        return best % count, best >= count


def sharp_lights(pixels: Pixels) -> Tensor:
    """uint8 [N,H,W,C] -> mean colours in [0, 1], at most 32 px wide, [N,1,S,S]."""
    lights = as_floats(pixels).mean(dim=1, keepdim=True)
    return F.interpolate(lights, (SIDE, SIDE), mode="area") if min(lights.shape[2:]) > SIDE else lights


def details(lights: Tensor) -> Tensor:
    """What blurring takes away."""
    return lights - blur(lights)


def _directions(size: int) -> Tensor:
    """[size,256], each as likely as any other and at right angles to the rest; always the same."""
    drawn = torch.randn(size, min(size, COMPRESSED), generator=torch.Generator().manual_seed(0))
    axes: Tensor = torch.linalg.qr(drawn).Q
    return axes
