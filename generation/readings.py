"""A quality report read out: its figures prepared for people, with nothing added to what was measured."""

import json
from dataclasses import dataclass

from .findings import COPIES, LIKENESS, USE, VARIETY, Finding, Report, found, percent

PARTS = {"likeness": LIKENESS, "variety": VARIETY, "copies": COPIES, "use": USE}


@dataclass(frozen=True)
class Reading:
    images: int
    compared: int
    held_out: bool
    swd: float | None
    floor: float | None
    copies: int | None
    copy_threshold: float | None
    identical: int | None
    # Whom the limit of copies was taken from: "holdout" or "leave-one-out".
    calibration: str
    # The share of real images that are the same picture as another.
    twins: float
    findings: dict[str, list[Finding]]
    json: str

    @property
    def times_floor(self) -> float | None:
        """1 means as close to the real images as other real images are."""
        return self.swd / self.floor if self.swd is not None and self.floor else None

    @property
    def bar_swd(self) -> float:
        return self.share(self.swd)

    @property
    def bar_floor(self) -> float:
        return self.share(self.floor)

    @property
    def twins_percent(self) -> str:
        return percent(self.twins) if self.twins else ""

    def share(self, value: float | None) -> float:
        """Of the longer of both bars, in per cent."""
        longest = max(self.swd or 0.0, self.floor or 0.0)
        return round(100 * (value or 0.0) / longest, 1) if longest else 0.0


def read(report: Report) -> Reading:
    parts = ("likeness", "copies", "duplicates")
    likeness, copies, duplicates = (report.get(part) or {} for part in parts)
    return Reading(
        images=report.get("images", 0),
        compared=likeness.get("n", 0),
        held_out=likeness.get("compared_with") == "holdout",
        swd=average(likeness.get("swd")),
        floor=average(likeness.get("swd_floor")),
        copies=copies.get("found"),
        copy_threshold=copies.get("threshold"),
        identical=duplicates.get("identical"),
        calibration=copies.get("calibration", ""),
        twins=copies.get("twins", 0.0),
        findings={part: found(report, finders) for part, finders in PARTS.items()},
        json=json.dumps(without_sources(report), indent=2, ensure_ascii=False),
    )


def without_sources(report: Report) -> Report:
    """As others than the owner may read it: which source images come closest is the owner's to know."""
    copies = report.get("copies") or {}
    if "nearest" not in copies:
        return report
    pairs = [{name: value for name, value in pair.items() if name != "source"} for pair in copies["nearest"]]
    return report | {"copies": copies | {"nearest": pairs}}


def average(distance: float | dict[str, float] | None) -> float | None:
    """A distance is one figure, or one for each scale and their average."""
    return distance.get("avg") if isinstance(distance, dict) else distance
