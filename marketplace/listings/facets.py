"""What the shelf is filtered by. A facet's values are what stands in the address; each is a term of the index too."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import pairwise
from operator import or_
from typing import Any

from django.db.models import Q
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from generation.engine.config import RESOLUTIONS

from .bands import COPIES, QUALITY
from .models import CURRENCIES, Licence, Subject
from .rules import as_amount

Values = tuple[str, ...]
Names = dict[str, str | Promise]
COUNTS = (100, 1_000, 10_000, 100_000)
PLACES = {code: place for place, (code, _name) in enumerate(CURRENCIES, 1)}
# More than any price: amounts of two currencies can't be compared, so one currency follows the other.
APART = 10**12
# The bounds of the price ranges that are offered, in the smallest unit.
BOUNDS = {"KRW": (10_000, 50_000, 200_000), "USD": (1_000, 5_000, 20_000)}


@dataclass(frozen=True)
class Facet:
    """Rows whose column is one of the chosen values."""

    name: str
    title: str | Promise
    column: str
    names: Callable[[], Names]
    many: bool = True

    def reached(self, held: Any) -> Iterable[str]:
        """The values that a row with this in its column counts for."""
        return (str(held),)

    def passes(self, held: Any, chosen: Values) -> bool:
        return not set(chosen).isdisjoint(self.reached(held))

    def terms(self, chosen: Values) -> Values:
        return tuple(f"{self.name}:{value}" for value in chosen)

    def held(self, value: Any) -> Values:
        """The terms of a row with this in its column."""
        return tuple(f"{self.name}:{one}" for one in self.reached(value))

    def beyond_terms(self, chosen: Values) -> Q:
        """What the terms do not tell."""
        return Q()

    def condition(self, chosen: Values) -> Q:
        """The same of columns alone."""
        return Q(**{f"{self.column}__in": chosen})

    def tally(self, held: Iterable[Hashable]) -> Counter[str]:
        counted: Counter[str] = Counter()
        for value, rows in Counter(held).items():
            counted.update(dict.fromkeys(self.reached(value), rows))
        return counted


class Flag(Facet):
    def reached(self, held: Any) -> Iterable[str]:
        return ("yes" if held else "no",)

    def condition(self, chosen: Values) -> Q:
        return Q(**{f"{self.column}__in": [value == "yes" for value in chosen]})


class AtLeast(Facet):
    def reached(self, held: Any) -> Iterable[str]:
        return (str(least) for least in COUNTS if held >= least)

    def passes(self, held: Any, chosen: Values) -> bool:
        return bool(held >= min(int(value) for value in chosen))

    def terms(self, chosen: Values) -> Values:
        """The largest step below, where there is one."""
        steps = list(self.reached(min(int(value) for value in chosen)))
        return super().terms((steps[-1],)) if steps else ()

    def beyond_terms(self, chosen: Values) -> Q:
        return Q() if set(chosen) <= set(self.names()) else self.condition(chosen)

    def condition(self, chosen: Values) -> Q:
        return Q(**{f"{self.column}__gte": min(int(value) for value in chosen)})


class Price(Facet):
    """`free`, a currency, or a range of one as `KRW:1000-5000`; either end may be missing.

    What is free is so in each currency.
    """

    def reached(self, held: Any) -> Iterable[str]:
        return reached(held)

    def held(self, value: Any) -> Values:
        return tuple(term for term in super().held(value) if term.count(":") == 1)

    def passes(self, held: Any, chosen: Values) -> bool:
        return any(within(value, held) for value in chosen)

    def terms(self, chosen: Values) -> Values:
        return super().terms(tuple(value.partition(":")[0] for value in chosen))

    def beyond_terms(self, chosen: Values) -> Q:
        return self.condition(chosen) if any(":" in value for value in chosen) else Q()

    def condition(self, chosen: Values) -> Q:
        return reduce(or_, (Q(cheapness__range=span) for value in chosen for span in spans(value)))


def cheapness(price: int, currency: str) -> int:
    """Free first, then the first currency's prices from the lowest, then the next one's."""
    return -(PLACES[currency] * APART + price) if price else 0


def spans(value: str) -> list[tuple[int, int]]:
    """Of cheapness: the first and the last."""
    if value == "free":
        return [(0, 0)]
    code, _colon, ends = value.partition(":")
    least, _dash, most = ends.partition("-")
    first = PLACES[code] * APART
    priced = (-(first + min(int(most or APART), APART) - (not most)), -(first + int(least or 0)))
    return [priced] if int(least or 0) else [priced, (0, 0)]


def within(value: str, held: int) -> bool:
    return any(first <= held <= last for first, last in spans(value))


@lru_cache(maxsize=50_000)
def reached(held: int) -> Values:
    values = ("free", *PLACES, *(value for code in PLACES for value in ranges(code)))
    return tuple(value for value in values if within(value, held))


def ranges(currency: str) -> list[str]:
    bounds = ["", *map(str, BOUNDS[currency]), ""]
    return [f"{currency}:{least}-{most}" for least, most in pairwise(bounds)]


def resolutions() -> Names:
    return {str(pixels): f"{pixels} × {pixels}" for pixels in RESOLUTIONS}


def counts() -> Names:
    return {str(least): _("%(number)s or more") % {"number": grouped(least)} for least in COUNTS}


def grouped(number: int) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)


def licences() -> Names:
    return {licence.code: licence.title for licence in Licence.objects.order_by("code", "version")}


def prices() -> Names:
    names: Names = {"free": _("Free"), "KRW": _("In won"), "USD": _("In dollars")}
    return names | {value: price_name(value) for code in PLACES for value in ranges(code)}


def price_name(value: str) -> str:
    currency, _colon, ends = value.partition(":")
    least, _dash, most = ends.partition("-")
    amounts = {"least": as_amount(int(least or 0), currency), "most": as_amount(int(most or 0), currency)}
    if least and most:
        return _("%(least)s to %(most)s") % amounts
    return _("From %(least)s") % amounts if least else _("Up to %(most)s") % amounts


def given(names: Names) -> Callable[[], Names]:
    return lambda: names


FACETS: dict[str, Facet] = {
    facet.name: facet
    for facet in (
        Facet("subject", gettext_lazy("Subject"), "subject", given(dict(Subject.choices))),
        Facet("resolution", gettext_lazy("Resolution"), "resolution", resolutions),
        AtLeast("count_min", gettext_lazy("Images"), "count", counts, many=False),
        Flag(
            "labelled",
            gettext_lazy("Labels"),
            "labelled",
            given({"yes": gettext_lazy("With labels"), "no": gettext_lazy("Without labels")}),
            many=False,
        ),
        Price("currency", gettext_lazy("Price"), "cheapness", prices, many=False),
        Facet("quality", gettext_lazy("Quality"), "quality", given(QUALITY)),
        Facet("copies", gettext_lazy("Copy check"), "copies", given(COPIES)),
        Facet("licence", gettext_lazy("Licence"), "licence", licences),
    )
}
COLUMNS = [facet.column for facet in FACETS.values()]
