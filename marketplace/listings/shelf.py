"""The shelf's page: filters, what is chosen, orders and neighbouring pages, each as a plain link."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .asking import SORTS, Asked
from .counting import Count
from .facets import FACETS, Facet, Names, price_name
from .keyset import Place
from .models import MINOR_DIGITS
from .rules import plain_amount
from .search import Found, Page, nearest

Label = str | Promise
ORDERS: dict[str, Label] = {
    "best": gettext_lazy("Best match"),
    "new": gettext_lazy("Newest"),
    "price": gettext_lazy("Cheapest"),
    "sales": gettext_lazy("Most sold"),
    "rating": gettext_lazy("Best rated"),
}
# These are seldom asked for: they open by hand, or because something in them is chosen.
FOLDED = ("quality", "copies", "licence")


@dataclass(frozen=True)
class Option:
    label: Label
    link: str
    count: Count
    chosen: bool
    inner: bool = False


@dataclass(frozen=True)
class Group:
    facet: Facet
    options: list[Option]
    chosen: bool

    @property
    def open(self) -> bool:
        return self.chosen or self.facet.name not in FOLDED


@dataclass(frozen=True)
class Chip:
    label: Label
    link: str


def context(found: Found, page: Page) -> dict[str, Any]:  # Any: what the template reads
    asked = found.asked
    names = {facet.name: facet.names() for facet in FACETS.values()}
    return {
        "found": found,
        "asked": asked,
        "page": page,
        "groups": [group(found, facet, names[facet.name]) for facet in FACETS.values()],
        "chips": list(chips(asked, names)),
        "orders": orders(asked),
        "price": price_fields(asked),
        "kept": list(asked.parameters()),
        "previous": neighbour(asked, "before", page.previous),
        "next": neighbour(asked, "after", page.next),
        "mixes_currencies": asked.order == "price" and not asked.chosen.get("currency"),
        "meant": asked.asking(found.meant) if found.meant else None,
        "nearest": [(left_out(asked, near.asked, names), near) for near in nearest(found)] if not page.listings else [],
    }


def group(found: Found, facet: Facet, names: Names) -> Group:
    asked, chosen = found.asked, found.asked.of(facet)
    options = []
    for value, label in names.items():
        count, is_chosen = found.counts.of(facet, value), value in chosen
        if is_chosen or (count and fits(value, chosen)):
            options.append(Option(label, asked.toggled(facet, value).link, count, is_chosen, ":" in value))
    return Group(facet, options, bool(chosen))


def fits(value: str, chosen: tuple[str, ...]) -> bool:
    """Price ranges are offered of the currency that was chosen."""
    currency, colon, _ends = value.partition(":")
    return not colon or any(one.partition(":")[0] == currency for one in chosen)


def chips(asked: Asked, names: dict[str, Names]) -> Iterator[Chip]:
    if asked.query.strip():
        yield Chip(f"“{asked.query.strip()[:60]}”", asked.asking("").link)
    for facet in asked.active:
        for value in asked.of(facet):
            yield Chip(name_of(facet, value, names[facet.name]), asked.toggled(facet, value).link)


def name_of(facet: Facet, value: str, names: Names) -> Label:
    label = names[value] if value in names else price_name(value)
    return _("%(title)s: %(label)s") % {"title": facet.title, "label": label} if facet.name in TITLED else label


TITLED = ("quality", "copies", "count_min")


def orders(asked: Asked) -> list[Option]:
    offered = [name for name in SORTS if name != "best" or asked.words]
    return [Option(ORDERS[name], asked.sorted_by(name).link, Count(0), name == asked.order) for name in offered]


def price_fields(asked: Asked) -> dict[str, str]:
    currency, _colon, ends = (asked.chosen.get("currency") or ("",))[0].partition(":")
    least, _dash, most = ends.partition("-")
    written = {
        name: plain_amount(int(end), currency) if end else "" for name, end in (("least", least), ("most", most))
    }
    return written | {"currency": currency if currency in MINOR_DIGITS else ""}


def neighbour(asked: Asked, name: str, place: Place | None) -> str:
    if place is None:
        return ""
    return f"?{asked.address}&{name}={place}" if asked.address else f"?{name}={place}"


def left_out(asked: Asked, looser: Asked, names: dict[str, Names]) -> str:
    if not looser.chosen and len(asked.active) > 1:
        return _("Without any filter")
    for facet in asked.active:
        if not looser.of(facet):
            labels = [str(name_of(facet, value, names[facet.name])) for value in asked.of(facet)]
            return _("Without “%(what)s”") % {"what": ", ".join(labels)}
    return _("Only “%(words)s”") % {"words": looser.query}
