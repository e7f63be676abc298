"""How many there are: of everything found, and beside each value of each facet."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from . import plans
from .asking import Asked
from .facets import COLUMNS, FACETS, Facet, grouped
from .models import ShelfEntry

# So many rows are looked at; what lies beyond is told as “or more”.
LOOKED_AT = 2_000
CAP = 1_000
PLACES = {name: place for place, name in enumerate(FACETS)}
Row = tuple[Any, ...]  # Any: the columns of the facets


@dataclass(frozen=True)
class Count:
    """At least `number`, and exactly so many unless there is `more`."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        capped = min(self.number, CAP)
        return f"{grouped(capped)}+" if self.more or self.number > CAP else grouped(capped)

    def __bool__(self) -> bool:
        return bool(self.number or self.more)


@dataclass(frozen=True)
class Counts:
    total: Count
    facets: dict[str, Counter[str]]
    more: frozenset[str]

    def of(self, facet: Facet, value: str) -> Count:
        return Count(self.facets[facet.name][value], facet.name in self.more)


def count(asked: Asked) -> Counts:
    """Two walks at most, however much there is."""
    near = window(asked.almost())
    misses = missed(asked, near) if asked.active else [[] for _row in near]
    cut = len(near) > LOOKED_AT
    passing = [row for row, missing in zip(near, misses, strict=True) if not missing]
    facets: dict[str, Counter[str]] = {}
    for facet in asked.active:
        others = [row for row, missing in zip(near, misses, strict=True) if missing in ([], [facet.name])]
        facets |= tally([facet], others)
    if cut and asked.active:
        passing = window(asked.by_index())
    more = {facet.name for facet in asked.active if cut}
    rest = [facet for facet in FACETS.values() if facet not in asked.active]
    more |= {facet.name for facet in rest if len(passing) > LOOKED_AT}
    total = Count(min(len(passing), LOOKED_AT), len(passing) > LOOKED_AT)
    return Counts(total, facets | tally(rest, passing), frozenset(more))


def window(condition: Q) -> list[Row]:
    return plans.quickest(ShelfEntry.objects.filter(condition).values_list(*COLUMNS)[: LOOKED_AT + 1])


def missed(asked: Asked, rows: Sequence[Row]) -> list[list[str]]:
    """For each row the names of the facets that it does not meet."""
    judged = []
    for facet in asked.active:
        column = [row[PLACES[facet.name]] for row in rows]
        verdicts = {held: facet.passes(held, asked.of(facet)) for held in set(column)}
        judged.append([verdicts[held] for held in column])
    names = [facet.name for facet in asked.active]
    return [[name for name, met in zip(names, row, strict=True) if not met] for row in zip(*judged, strict=True)]


def tally(facets: Sequence[Facet], rows: Sequence[Row]) -> dict[str, Counter[str]]:
    return {facet.name: facet.tally(row[PLACES[facet.name]] for row in rows) for facet in facets}
