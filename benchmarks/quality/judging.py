"""What a generator's images are worth, against images that no training saw."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import Self

import numpy as np

from benchmarks.quality.runs import Split, Trained
from generation.engine.metrics.copies import CopyDetector
from generation.engine.metrics.features import Pixels
from generation.engine.metrics.likeness import Estimate
from generation.engine.metrics.report import quality_report
from generation.engine.metrics.swd import swd_of_each

JUDGED = 1000
# Of SWD, which differs much from sample to sample: the mean over some sets of generated and of real images.
SWD_JUDGED, SWD_SETS = 2000, 4


@dataclass(frozen=True)
class Verdict:
    """`swd` is without its floor; `two_sample` is the share a classifier tells apart, 0.5 being none."""

    swd: float
    floor: float
    kid: Estimate
    two_sample: Estimate
    recall: float
    coverage: float
    copies: float

    @classmethod
    def on(cls, trained: Trained, split: Split) -> Self:
        """At as many images as the judge holds, at most 1,000; SWD at up to 2,000, four times."""
        unseen = split.unseen[:JUDGED]
        detector = CopyDetector.fit(split.images, unseen)
        # Other real images, for floors: few sources alone would be too few for recall and coverage.
        others = np.concatenate([split.images.pixels, split.unseen[JUDGED:]])[:JUDGED]
        report = quality_report(unseen, trained.samples(len(unseen)), train=others, detector=detector)
        distance, floor = _distances(trained, split)
        diversity = report["diversity"]
        return cls(
            distance - floor,
            floor,
            _estimate(report["kid"]),
            _estimate(report["two_sample"]),
            diversity["recall"],
            diversity["coverage"],
            report["copies"]["rate"],
        )

    def __str__(self) -> str:
        return (
            f"SWD - floor {self.swd:.1f} (floor {self.floor:.1f}), KID {self.kid.value:.4f}, two-sample "
            f"{self.two_sample.value:.3f}, recall {self.recall:.2f}, coverage {self.coverage:.2f}, "
            f"copies before screening {self.copies:.1%}"
        )


def flagged(split: Split) -> float:
    """The share of unseen real images that count as copies."""
    detector = CopyDetector.fit(split.images)
    distances, _sources = detector.distance(split.unseen)
    return float(detector.is_copy(distances).mean())


def _distances(trained: Trained, split: Split) -> tuple[float, float]:
    """SWD to unseen images, and its floor: that of other real images, which may be those trained on."""
    n = min(SWD_JUDGED, len(split.unseen))
    unseen, others = split.unseen[:n], np.concatenate([split.unseen[n:], split.images.pixels])
    sets = [_parts(pixels, n) for pixels in (trained.samples(SWD_SETS * n), others)]
    ours, floors = (mean(found["avg"] for found in swd_of_each(unseen, parts)) for parts in sets)
    return ours, floors


def _parts(pixels: Pixels, n: int) -> list[Pixels]:
    return [pixels[n * number : n * number + n] for number in range(min(SWD_SETS, len(pixels) // n))]


def kid_gap(ours: list[Verdict], theirs: list[Verdict]) -> float:
    """The upper end of the 95 % interval of the mean difference, from the seeds' own intervals."""
    gap = mean(v.kid.value for v in ours) - mean(v.kid.value for v in theirs)
    spread = sum(((v.kid.high - v.kid.low) / 2) ** 2 for v in [*ours, *theirs]) ** 0.5 / len(ours)
    return gap + spread


def _estimate(section: dict[str, float]) -> Estimate:
    return Estimate(section["value"], section["low"], section["high"])
