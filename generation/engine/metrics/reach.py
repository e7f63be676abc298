"""How near real images come to source images that they do not repeat: the limit below which an image is a copy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from generation.engine.metrics.search import Found

QUANTILE = 0.001
TAIL = (0.005, 0.05)
# Exact copies are found even where the sources hold twins and the distance between them is 0.
NOTHING = 0.003
# What resampling leaves of an exact copy: real images nearer than this to each other are the same picture.
TWIN = 0.065
# The same of details: what a fifth of another image leaves of them.
DETAILED_TWIN = 0.28
# Where more real images than this are so near each other, they are simply alike, and all of them count.
FEW = 0.15


@dataclass(frozen=True)
class Reach:
    """`alone` and `details`: the distances that 99.9 % of real images keep, twins aside; `twins`: their share."""

    alone: float
    details: float
    twins: float

    @classmethod
    def of(cls, real: Found) -> Reach:
        twins = (real.alone < TWIN) | (real.details < DETAILED_TWIN)
        share = float(twins.float().mean())
        if share > FEW:
            return cls(_rare(real.alone), _rare(real.details), share)
        single = ~twins
        return cls(max(TWIN, _rare(real.alone[single])), max(DETAILED_TWIN, _rare(real.details[single])), share)


def _rare(distances: Tensor) -> float:
    """What 99.9 % lie above. Few hundred distances cannot show that, so the tail is also drawn out as a power law
    from the 5 % and 0.5 % that they do show, and the nearer of both holds."""
    seen, inner, outer = distances.quantile(torch.tensor([QUANTILE, *TAIL])).clamp(min=NOTHING).tolist()
    steepness = math.log(outer / inner) / math.log(TAIL[1] / TAIL[0])
    return max(NOTHING, min(seen, inner * (QUANTILE / TAIL[0]) ** steepness))
