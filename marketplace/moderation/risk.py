"""How much could go wrong if staff looked later: points, each with its reason. The queue is sorted by their sum.

`explained` says to staff what counts how much.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.listings import declarations
from marketplace.listings.models import ListingVersion

from .models import Appeal, Notice, Suspension

DEAR = {"KRW": 100_000, "USD": 10_000}
BY_KIND = {
    Notice.Kind.MINORS: 100,
    Notice.Kind.PRIVACY: 80,
    Notice.Kind.COPYRIGHT: 60,
    Notice.Kind.MISLEADING: 30,
    Notice.Kind.OTHER: 20,
}
A_POINT = timedelta(hours=6)


@dataclass(frozen=True)
class Point:
    worth: int
    why: str


def total(points: list[Point]) -> int:
    return sum(point.worth for point in points)


def of_version(version: Any) -> list[Point]:  # Any: a ListingVersion with what queue.py counts about it
    points = [
        Point(0 if version.sold_before else 20, _("first listing of this seller")),
        *of_declaration(version),
        of_copies(version.copies_rate),
        Point(min(40, 20 * version.upheld), _("notices against this seller that were agreed with")),
        Point(min(30, 10 * version.reported), _("open notices about this listing")),
        Point(min(15, 5 * version.refused), _("refused before")),
        Point(of_price(version), _("high price")),
        of_age(version.sealed_at),
    ]
    return [point for point in points if point.worth]


def of_declaration(version: ListingVersion) -> list[Point]:
    given = declarations.given(version)
    if not given:
        return [Point(25, _("nothing declared about the rights"))]
    return [
        Point(45 if question.name == "minors" else 15, f"{question.text} {answer.text}")
        for question, answer in given
        if answer.asked
    ]


def of_copies(rate: float | None) -> Point:
    if rate is None:
        return Point(15, _("nobody measured how close the images are to the source images"))
    share = _("%(percent)s %% of the images are too close to a source image") % {"percent": f"{100 * rate:.2g}"}
    return Point(30 if rate > 0.01 else 10 if rate else 0, share)


def of_price(version: ListingVersion) -> int:
    dear = DEAR[version.currency]
    return 20 if version.price > 10 * dear else 10 if version.price > dear else 0


def of_notice(notice: Any) -> list[Point]:  # Any: a Notice with the number of those merged into it
    more = ngettext("%(count)d further reporter", "%(count)d further reporters", notice.others)
    points = [
        Point(BY_KIND[Notice.Kind(notice.kind)], notice.get_kind_display()),
        Point(min(30, 10 * notice.others), more % {"count": notice.others}),
        Point(10 if notice.listing.state == "published" else 0, _("it is on sale")),
        of_age(notice.created_at),
    ]
    return [point for point in points if point.worth]


def of_appeal(appeal: Appeal) -> list[Point]:
    barred = appeal.suspension is not None and appeal.suspension.ability == Suspension.Ability.SIGN_IN
    points = [Point(50 if barred else 35, _("appeal")), of_age(appeal.created_at)]
    return [point for point in points if point.worth]


def of_flags(count: int, since: datetime) -> list[Point]:
    sent = ngettext("%(count)d blocked picture sent", "%(count)d blocked pictures sent", count) % {"count": count}
    points = [Point(50 + min(30, 5 * (count - 1)), sent), of_age(since)]
    return [point for point in points if point.worth]


def of_age(since: datetime) -> Point:
    return Point(min(20, (timezone.now() - since) // A_POINT), _("waits"))


def explained() -> list[tuple[str, str]]:
    """What counts how much, for the page of the queue."""
    return [
        (_("first listing of a seller"), "20"),
        (_("each answer of the declaration that has to be asked about; about minors"), "15; 45"),
        (_("nothing declared about the rights"), "25"),
        (_("images too close to a source image: up to 1 %; more; not measured"), "10; 30; 15"),
        (_("each notice against the seller that was agreed with"), _("20, at most 40")),
        (_("each open notice about the listing"), _("10, at most 30")),
        (_("each earlier refusal of the listing"), _("5, at most 15")),
        (_("price over 100,000 won or 100 dollars; over ten times that"), "10; 20"),
        (_("notice about minors; privacy; copyright; misleading; other"), "100; 80; 60; 30; 20"),
        (_("each further reporter of the same"), _("10, at most 30")),
        (_("notice about what is on sale"), "10"),
        (_("appeal; against being kept from signing in"), "35; 50"),
        (_("blocked picture sent; each further one"), _("50; 5, at most 30")),
        (_("each six hours of waiting"), _("1, at most 20")),
    ]
