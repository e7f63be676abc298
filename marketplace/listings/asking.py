"""What somebody asks of the shelf, and the address that says so."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import and_, or_
from typing import Self
from urllib.parse import quote, urlencode

from django.db.models import Q

from . import words
from .facets import FACETS, PLACES, Facet, Values
from .matching import Holds
from .words import TITLE

SORTS = ("best", "new", "price", "sales", "rating")


Needed = list[words.Alternatives]
# A part of what is found: the words that are needed, then the terms of facets.
Part = Callable[[Needed, Needed], Q]


def whole(of_words: Needed, of_facets: Needed) -> Q:
    needed = [*of_words, *of_facets]
    return Q(Holds(needed)) if needed else Q()


def titled(of_words: Needed, of_facets: Needed) -> Q:
    """All words stand in the title."""
    return Q(Holds([*in_title(of_words), *of_facets]))


def untitled(of_words: Needed, of_facets: Needed) -> Q:
    return Q(Holds([*of_words, *of_facets], unless=in_title(of_words)))


def in_title(of_words: Needed) -> Needed:
    return [tuple(TITLE + term for term in terms) for terms in of_words]


@dataclass(frozen=True)
class Asked:
    """`chosen` holds values by the facet's name. A price range stands in the currency's value."""

    query: str = ""
    chosen: Mapping[str, Values] = field(default_factory=dict)
    sort: str = ""

    @property
    def words(self) -> list[str]:
        return words.asked(self.query)

    @property
    def order(self) -> str:
        """Whoever searches words wants the best match, whoever looks around what is new."""
        return self.sort if self.sort in SORTS and self.sort != "best" else self.usual

    @property
    def usual(self) -> str:
        return "best" if self.words and self.sort in ("", "best") else "new"

    @property
    def hopeless(self) -> bool:
        """Something was asked that no index holds, as ? or %."""
        return bool(self.query.strip()) and not self.words

    @property
    def active(self) -> list[Facet]:
        return [facet for name, facet in FACETS.items() if self.chosen.get(name)]

    @property
    def is_open(self) -> bool:
        return not self.active and not self.query.strip()

    def of(self, facet: Facet) -> Values:
        return self.chosen.get(facet.name, ())

    def without(self, facet: Facet) -> Self:
        return replace(self, chosen={name: values for name, values in self.chosen.items() if name != facet.name})

    def having(self, facet: Facet, values: Values) -> Self:
        return replace(self, chosen={**self.chosen, facet.name: values}) if values else self.without(facet)

    def toggled(self, facet: Facet, value: str) -> Self:
        now = self.of(facet)
        if value in now:
            return self.having(facet, tuple(one for one in now if one != value))
        return self.having(facet, (*now, value) if facet.many else (value,))

    def asking(self, query: str) -> Self:
        return replace(self, query=query)

    def sorted_by(self, sort: str) -> Self:
        return replace(self, sort=sort)

    def needed(self) -> Needed:
        """What the index must hold for each word."""
        return [one for word in self.words for one in words.needed(word)]

    def by_index(self, part: Part = whole) -> Q:
        """Found by one walk through the full-text index, whatever is rare in it first."""
        if self.hopeless:
            return Q(pk__in=[])
        terms = [facet.terms(self.of(facet)) for facet in self.active]
        beyond = (facet.beyond_terms(self.of(facet)) for facet in self.active)
        return reduce(and_, beyond, part(self.needed(), [one for one in terms if one]))

    def by_columns(self, part: Part = whole) -> Q:
        """For walking along an order: columns are read at once, words only where these fit."""
        condition = reduce(and_, (facet.condition(self.of(facet)) for facet in self.active), Q())
        return condition & part(self.needed(), [])

    def almost(self) -> Q:
        """What misses at most one facet: it holds what each facet would offer beside what is chosen."""
        return (
            reduce(or_, (self.without(facet).by_index() for facet in self.active)) if self.active else self.by_index()
        )

    def parameters(self) -> Iterator[tuple[str, str]]:
        """In one order, without what goes without saying: one question has one address."""
        if self.query.strip():
            yield "q", " ".join(self.query.split())
        for facet in self.active:
            yield from spelled(facet, self.of(facet))
        if self.sort in SORTS and self.sort != replace(self, sort="").usual:
            yield "sort", self.sort

    @property
    def address(self) -> str:
        return urlencode(list(self.parameters()), quote_via=quote, safe=",")

    @property
    def link(self) -> str:
        return f"?{self.address}" if self.address else "."


def spelled(facet: Facet, values: Values) -> Iterator[tuple[str, str]]:
    if facet.name != "currency":
        yield facet.name, ",".join(sorted(set(values), key=sorting))
        return
    currency, _colon, ends = values[0].partition(":")
    least, _dash, most = ends.partition("-")
    yield "currency", currency
    yield from ((name, end) for name, end in (("price_min", least), ("price_max", most)) if end)


def sorting(value: str) -> tuple[int, str]:
    return (int(value), "") if value.isdigit() else (0, value)


def priced(currency: str, least: int | None, most: int | None) -> Values:
    """The value of the price facet; without a known currency a figure means nothing."""
    if currency not in PLACES or (least is None and most is None):
        return (currency,) if currency in PLACES or currency == "free" else ()
    return (f"{currency}:{'' if least is None else least}-{'' if most is None else most}",)
