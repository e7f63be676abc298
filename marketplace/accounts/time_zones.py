"""The time zones that people choose from, by part of the world."""

import zoneinfo
from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

REGIONS = {
    "Asia": _("Asia"),
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Atlantic": _("Atlantic Ocean"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific Ocean"),
}
Group = tuple[object, list[tuple[str, str]]]


def choices(present: str) -> list[Group]:
    """One group for each region. Whoever has another zone, set through the API, keeps it."""
    names = sorted(zoneinfo.available_timezones())
    groups = [group(region, label, names) for region, label in REGIONS.items()]
    listed = {name for _label, options in groups for name, _city in options}
    others = [name for name in dict.fromkeys(["UTC", present]) if name not in listed]
    return [*groups, (_("Others"), [(name, name) for name in others])]


def group(region: str, label: object, names: Iterable[str]) -> Group:
    start = f"{region}/"
    return label, [(name, city(name.removeprefix(start))) for name in names if name.startswith(start)]


def city(path: str) -> str:
    """Argentina/Buenos_Aires is Buenos Aires, Argentina."""
    return ", ".join(reversed(path.replace("_", " ").split("/")))
