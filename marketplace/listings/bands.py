"""A quality report in two words, for filters and cards: how real the images look, whether they repeat their sources.

The limits are measured, not chosen. They are rungs of the ladder that the metrics were tried on (docs/performance.md):
real images, blends of two photographs, noise of the right colours. A report that lacks the figure has no band.
"""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from generation.findings import COPYING, Report, measured

QUALITY: dict[str, str | Promise] = {
    "excellent": _("Hardly told from real"),
    "good": _("Good likeness"),
    "fair": _("Fair likeness"),
    "weak": _("Weak likeness"),
    "unknown": _("Not measured"),
}
COPIES: dict[str, str | Promise] = {
    "none_found": _("No copies found"),
    "few": _("Hardly any copies"),
    "many": _("Copies found"),
    "unknown": _("Not checked"),
}
# How often a classifier tells the ladder's rungs from real images, where it does so least: under the first, images
# look more real than blends of two photographs; under the second, than noise with the colours of photographs.
BLENDS, COLOURED_NOISE = 0.872, 0.992
# What real images reach among themselves: a copy is closer than 99.9 % of them.
OF_REAL = 0.001


def quality_band(report: Report) -> str:
    test = measured(report, "two_sample")
    if test is None:
        return "unknown"
    if test["low"] <= test["floor"]:
        return "excellent"
    return "good" if test["value"] < BLENDS else "fair" if test["value"] < COLOURED_NOISE else "weak"


def copy_band(report: Report) -> str:
    copies: dict[str, Any] = report.get("copies") or {}  # Any: JSON values
    if copies.get("found") is None:
        return "unknown"
    if copies["found"] / max(report.get("images", 0), 1) > OF_REAL or (copies.get("c_t") or 0.0) < -COPYING:
        return "many"
    return "few" if copies["found"] else "none_found"
