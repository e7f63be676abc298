"""The numbers of a quality report, in words for people. They come from the run and are typed nowhere."""

from typing import Any

from django.utils.translation import gettext as _

from generation import findings
from generation.findings import Finding as Figure
from generation.findings import Report


def figures(report: Report) -> list[Figure]:
    """Only what the report holds: a figure that was not computed is left out, not guessed."""
    copying, rest = findings.COPIES, findings.VARIETY + findings.USE
    return findings.found(report, (images, likeness, *findings.LIKENESS, copies, *copying, duplicates, *rest))


def images(report: Report) -> Figure | None:
    if "images" not in report:
        return None
    return Figure(_("Images examined"), f"{report['images']:,}", _("The figures below were computed from these."))


def likeness(report: Report) -> Figure | None:
    part = report.get("likeness", report)
    distance, floor = average(part.get("swd")), average(part.get("swd_floor"))
    if distance is None or floor is None:
        return None
    held_out = part.get("compared_with") == "holdout"
    against = _("held-out source images") if held_out else _("the source images")
    meaning = _(
        "Sliced Wasserstein distance ×1000 to %(against)s over %(n)s images. Real images among themselves score"
        " %(floor).1f; the closer to that, the more alike."
    )
    values = {"against": against, "n": part.get("n", "?"), "floor": floor}
    return Figure(_("Distance to real images"), f"{distance:.1f}", meaning % values)


def average(distances: Any) -> float | None:
    value = distances.get("avg") if isinstance(distances, dict) else distances
    return float(value) if isinstance(value, int | float) else None


def copies(report: Report) -> Figure | None:
    part = report.get("copies")
    if not isinstance(part, dict) or "found" not in part:
        return None
    closest = min((pair["distance"] for pair in part.get("nearest", [])), default=None)
    meaning = _("Images closer to a source image than 99.9 %% of real ones are to each other.") % {}
    if closest is not None and "threshold" in part:
        meaning += " " + _("The closest lies at %(closest).3f; a copy is one below %(threshold).3f.") % {
            "closest": closest,
            "threshold": part["threshold"],
        }
    return Figure(_("Copies of source images"), str(part["found"]), meaning)


def duplicates(report: Report) -> Figure | None:
    part = report.get("duplicates")
    if not isinstance(part, dict) or "identical" not in part:
        return None
    return Figure(_("Identical images"), str(part["identical"]), _("Images that occur more than once in the dataset."))
