"""Two quality reports side by side: what is better or worse after a refinement, and what may be chance."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import measures
from .findings import COPIES, LIKENESS, USE, VARIETY, Finding, Report, count, decimal, measured
from .measures import MEASURES, Measure, Measured
from .models import Dataset
from .readings import read

Interval = tuple[float, float]
CONFIDENCE_95 = 1.959964


@dataclass(frozen=True)
class Row:
    """`verdict` is better, worse or equal; same where a difference may be chance; unknown where that is not known."""

    before: Finding
    after: Finding
    verdict: str

    @property
    def words(self) -> str | Promise:
        return WORDS[self.verdict]


WORDS: dict[str, str | Promise] = {
    "better": gettext_lazy("better"),
    "worse": gettext_lazy("worse"),
    "equal": gettext_lazy("no difference"),
    "same": gettext_lazy("no difference beyond chance"),
    "unknown": gettext_lazy("cannot be told from chance"),
}


def compared(before: Report, after: Report) -> list[Row]:
    """Of figures that both reports hold."""
    rows = []
    for find in (swd, *LIKENESS, *VARIETY, *COPIES, *USE):
        ours, theirs = find(before), find(after)
        if ours and theirs:
            rows.append(Row(ours, theirs, verdict(find.__name__, before, after)))
    return rows


def swd(report: Report) -> Finding | None:
    distance = read(report).swd
    return None if distance is None else Finding(_("Distance to real images (SWD)"), decimal(distance, 1), "")


def by_measures(before: Dataset | None, after: Dataset) -> list[Row]:
    """How many images lie beyond the usual thresholds. All of them were measured, so chance has no part in it."""
    old, new = measures.of(before) if before else None, measures.of(after)
    if old is None or new is None:
        return []
    return [beyond(measure, old, new) for measure in MEASURES.values()]


def beyond(measure: Measure, before: Measured, after: Measured) -> Row:
    (old,), (new,) = before.beyond(measure, measure.usual), after.beyond(measure, measure.usual)
    text = _("%(measure)s above %(limit)s") if measure.far else _("%(measure)s below %(limit)s")
    name = text % {"measure": measure.title, "limit": f"{measure.usual:g}"}
    shares = old / before.count, new / after.count
    verdict = "equal" if shares[0] == shares[1] else "better" if shares[1] < shares[0] else "worse"
    return Row(Finding(name, count(old), ""), Finding(name, count(new), ""), verdict)


def verdict(name: str, before: Report, after: Report) -> str:
    """By intervals of 95 % that do not meet. Both sets share the kept images, so chance moves them less than that: what
    is called a difference is one."""
    if name not in INTERVALS:
        return "unknown"
    interval, high_is_good = INTERVALS[name]
    old, new = interval(before), interval(after)
    if old is None or new is None:
        return "unknown"
    if old[0] <= new[1] and new[0] <= old[1]:
        return "same"
    return "better" if (new[0] > old[1]) == high_is_good else "worse"


def given(name: str) -> Callable[[Report], Interval | None]:
    """The interval that the report has itself."""

    def find(report: Report) -> Interval | None:
        part = measured(report, name)
        return (part["low"], part["high"]) if part and "low" in part else None

    return find


def of_share(name: str, key: str) -> Callable[[Report], Interval | None]:
    """Wilson's interval of a share among n."""

    def find(report: Report) -> Interval | None:
        part = measured(report, name)
        return wilson(part[key], part["n"]) if part and key in part else None

    return find


def wilson(p: float, n: int) -> Interval:
    z2 = CONFIDENCE_95**2
    middle, half = p + z2 / (2 * n), CONFIDENCE_95 * sqrt(p * (1 - p) / n + z2 / (4 * n**2))
    return (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)


# By finding: its interval, and whether more is better.
INTERVALS: dict[str, tuple[Callable[[Report], Interval | None], bool]] = {
    "two_sample": (given("two_sample"), False),
    "kid": (given("kid"), False),
    "coverage": (of_share("diversity", "coverage"), True),
    "recall": (of_share("diversity", "recall"), True),
    "similar": (of_share("similar", "rate"), False),
    "usefulness": (given("usefulness"), True),
}
