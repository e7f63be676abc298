"""A quality report read out: its figures prepared for people, with nothing added to what was measured."""

import json
from dataclasses import dataclass
from typing import Any

Report = dict[str, Any]  # Any: JSON values


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
    json: str

    @property
    def excess(self) -> float | None:
        """SWD above its floor: 0 means as like the real images as other real images are."""
        return None if self.swd is None or self.floor is None else max(0.0, self.swd - self.floor)

    @property
    def bar_swd(self) -> float:
        return self.share(self.swd)

    @property
    def bar_floor(self) -> float:
        return self.share(self.floor)

    def share(self, value: float | None) -> float:
        """Of the longer of both bars, in per cent."""
        longest = max(self.swd or 0.0, self.floor or 0.0)
        return round(100 * (value or 0.0) / longest, 1) if longest else 0.0


def read(report: Report) -> Reading:
    likeness, copies, duplicates = (report.get(part) or {} for part in ("likeness", "copies", "duplicates"))
    return Reading(
        images=report.get("images", 0),
        compared=likeness.get("n", 0),
        held_out=likeness.get("compared_with") == "holdout",
        swd=likeness.get("swd"),
        floor=likeness.get("swd_floor"),
        copies=copies.get("found"),
        copy_threshold=copies.get("threshold"),
        identical=duplicates.get("identical"),
        json=json.dumps(report, indent=2, ensure_ascii=False),
    )
