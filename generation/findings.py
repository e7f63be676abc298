"""The figures of a quality report in sentences: what was measured, on how many images, and what to hold it against.

Only what the report holds: a figure that was not computed is left out, not guessed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Report = dict[str, Any]  # Any: JSON values
Section = dict[str, Any]

COPYING = 3


@dataclass(frozen=True)
class Finding:
    name: str
    value: str
    meaning: str


Finder = Callable[[Report], Finding | None]


def found(report: Report, finders: tuple[Finder, ...]) -> list[Finding]:
    return [finding for finding in (find(report) for find in finders) if finding]


def two_sample(report: Report) -> Finding | None:
    part = measured(report, "two_sample")
    if part is None:
        return None
    meaning = _(
        "So often a classifier names a single image rightly real or generated. At 50%% it can only guess; at 100%% it "
        "is never wrong. Real images against other real images: %(floor)s. %(interval)s. %(compared)s"
    )
    about = {"floor": percent(part["floor"]), "interval": interval(part, percent), "compared": compared(part)}
    return Finding(_("Told from real images"), percent(part["value"]), meaning % about)


def kid(report: Report) -> Finding | None:
    part = measured(report, "kid")
    if part is None:
        return None
    meaning = _(
        "0 means no difference. Other real images score %(floor)s. %(interval)s. %(compared)s Computed with "
        "GANerate's own encoder: published figures cannot be held against it."
    )
    about = {"floor": decimal(part["floor"]), "interval": interval(part, decimal), "compared": compared(part)}
    return Finding(_("Kernel distance (KID)"), decimal(part["value"]), meaning % about)


def fid(report: Report) -> Finding | None:
    part = report.get("inception")
    if not part:
        return None
    meaning = _(
        "With the Inception network of 2015, between %(fake)s generated and %(real)s real images; lower is better, and "
        "fewer images raise it. KID with the same network: %(kid)s. %(interval)s."
    )
    about = {"fake": count(part["n"]), "real": count(part["n_real"]), "kid": decimal(part["kid"]["value"])}
    about["interval"] = interval(part["kid"], decimal)
    return Finding("FID", decimal(part["fid"], 1), meaning % about)


def coverage(report: Report) -> Finding | None:
    part = measured(report, "diversity")
    if part is None:
        return too_few(report)
    meaning = _(
        "So many of the real images have a generated one close by. Other real images reach %(real)s. %(compared)s"
    )
    about = {"real": percent(part["coverage_of_real"]), "compared": compared(part)}
    return Finding(_("Coverage"), percent(part["coverage"]), meaning % about)


def recall(report: Report) -> Finding | None:
    part = measured(report, "diversity")
    if part is None:
        return None
    meaning = _(
        "So many of the real images lie within the range of what is generated. Other real images reach %(real)s. "
        "%(compared)s"
    )
    about = {"real": percent(part["recall_of_real"]), "compared": compared(part)}
    return Finding(_("Recall"), percent(part["recall"]), meaning % about)


def too_few(report: Report) -> Finding | None:
    part = report.get("diversity") or {}
    if not part.get("too_few"):
        return None
    meaning = _(
        "There are %(n)s real images to hold against, and it takes %(least)s to say how much of them is covered."
    )
    return Finding(
        _("Coverage and recall"),
        _("too few to say"),
        meaning % {"n": count(part["n"]), "least": count(part.get("least", 200))},
    )


def similar(report: Report) -> Finding | None:
    part = measured(report, "similar")
    if part is None:
        return None
    meaning = _(
        "So many have another generated image very close to them. Among as many real images it is %(real)s. They are "
        "kept: only identical images are dropped. %(compared)s"
    )
    about = {"real": percent(part["rate_of_real"]), "compared": compared(part)}
    return Finding(_("Similar pairs"), percent(part["rate"]), meaning % about)


def before_screening(report: Report) -> Finding | None:
    part = report.get("screening") or {}
    if not part.get("made"):
        return None
    meaning = ngettext(
        "%(shown)s of %(made)s images repeated a source image when first drawn, was thrown away and drawn again.",
        "%(shown)s of %(made)s images repeated a source image when first drawn, were thrown away and drawn again.",
        part["rejected"],
    )
    about = {"shown": count(part["rejected"]), "made": count(part["made"])}
    return Finding(_("Copies before screening"), percent(part["rejected"] / part["made"]), meaning % about)


def c_t(report: Report) -> Finding | None:
    value = (report.get("copies") or {}).get("c_t")
    if value is None:
        return None
    if value < -COPYING:
        verdict = _("As a whole, the generated images lie closer to the training images than held-out ones do.")
    elif value > COPYING:
        verdict = _("As a whole, the generated images lie farther from the training images than held-out ones do.")
    else:
        verdict = _("As a whole, the generated images lie as far from the training images as held-out ones do.")
    scale = _("Under −%(limit)s tells copying, over %(limit)s that what was learnt is not met.") % {"limit": COPYING}
    return Finding(_("Distance to the training images (C_T)"), decimal(value, 1), f"{verdict} {scale}")


def usefulness(report: Report) -> Finding | None:
    part = measured(report, "usefulness")
    if part is None:
        return None
    meaning = _(
        "So many of %(tested)s real images are named rightly by a classifier that learnt the labels from %(n)s "
        "generated ones. Learnt from as many real images: %(real)s. %(interval)s."
    )
    about = {"tested": count(part["tested_on"]), "n": count(part["n"]), "real": percent(part["of_real"])}
    about["interval"] = interval(part, percent)
    return Finding(_("Good for training"), percent(part["value"]), meaning % about)


LIKENESS: tuple[Finder, ...] = (two_sample, kid, fid)
VARIETY: tuple[Finder, ...] = (coverage, recall, similar)
COPIES: tuple[Finder, ...] = (before_screening, c_t)
USE: tuple[Finder, ...] = (usefulness,)


def measured(report: Report, name: str) -> Section | None:
    part = report.get(name)
    return part if part and not part.get("too_few") else None


def compared(part: Section) -> str:
    if part.get("compared_with") == "holdout":
        text = _("Over %(n)s images on each side, against real images that the model never saw.")
    else:
        text = _("Over %(n)s images on each side, against the images it was trained on.")
    return text % {"n": count(part["n"])}


def interval(part: Section, written: Callable[[float], str]) -> str:
    return _("95%% interval: %(low)s to %(high)s") % {"low": written(part["low"]), "high": written(part["high"])}


def percent(share: float) -> str:
    """Small shares with a digit more: 0.2 % is not none."""
    return _("%(share)s %%") % {"share": decimal(100 * share, 1 if 0 < share < 0.1 else 0)}


def decimal(value: float, digits: int = 3) -> str:
    return number_format(round(value, digits), digits)


def count(number: int) -> str:
    return number_format(number, 0, force_grouping=True)
