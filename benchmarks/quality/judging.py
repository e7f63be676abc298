"""What a generator's images are worth, against images that no training saw."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import Self

from benchmarks.quality.runs import Field, Trained
from generation.engine.metrics.copies import CopyDetector
from generation.engine.metrics.likeness import Estimate
from generation.engine.metrics.report import quality_report

JUDGED = 1000


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
    def on(cls, trained: Trained, field: Field) -> Self:
        """At as many images as the judge holds, at most 1,000."""
        fake = trained.samples(min(JUDGED, len(field.unseen)))
        detector = CopyDetector.fit(field.images, field.unseen)
        report = quality_report(field.unseen, fake, train=field.images.pixels, detector=detector)
        likeness, diversity = report["likeness"], report["diversity"]
        floor = likeness["swd_floor"]["avg"]
        return cls(
            likeness["swd"]["avg"] - floor,
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


def kid_gap(ours: list[Verdict], theirs: list[Verdict]) -> float:
    """The upper end of the 95 % interval of the mean difference, from the seeds' own intervals."""
    gap = mean(v.kid.value for v in ours) - mean(v.kid.value for v in theirs)
    spread = sum(((v.kid.high - v.kid.low) / 2) ** 2 for v in [*ours, *theirs]) ** 0.5 / len(ours)
    return gap + spread


def _estimate(section: dict[str, float]) -> Estimate:
    return Estimate(section["value"], section["low"], section["high"])
