"""Pages that begin after a row instead of at a number: the thousandth costs what the first does."""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler

from .models import ShelfEntry

WRITTEN = re.compile(r"([0-9])\.(-?[0-9]{1,18})\.([0-9]{1,18})")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Rows = QuerySet[ShelfEntry]
Found = tuple[int, ShelfEntry]


@dataclass(frozen=True)
class Place:
    """A row's place in an order: which tier, what it is sorted by, its number."""

    tier: int
    value: int
    pk: int

    @classmethod
    def read(cls, written: str) -> Self | None:
        match = WRITTEN.fullmatch(written)
        return cls(*map(int, match.groups())) if match else None

    @classmethod
    def of(cls, row: ShelfEntry, tier: int, by: str) -> Self:
        value = getattr(row, by)
        moment = isinstance(value, datetime)
        return cls(tier, (value - EPOCH) // timedelta(microseconds=1) if moment else value, row.pk)

    def __str__(self) -> str:
        return f"{self.tier}.{self.value}.{self.pk}"

    def held(self, by: str) -> Any:  # Any: as the column holds it
        if by != "published_at":
            return self.value
        # No calendar reaches farther.
        return EPOCH + timedelta(microseconds=min(max(self.value, 0), 250_000_000_000_000_000))


class Compared(Func):
    """(column, id) < (value, id), which an index on both answers at once."""

    output_field = BooleanField()
    arity = 4

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]  # the stubs want another tuple
        parts = [compiler.compile(part) for part in self.get_source_expressions()]
        column, number, value, pk = (sql for sql, _params in parts)
        sign = self.extra["sign"]
        return f"({column}, {number}) {sign} ({value}, {pk})", [one for _sql, params in parts for one in params]


@dataclass(frozen=True)
class Tier:
    """Some of the rows, which all stand before those of the next tier, and how they are best walked through."""

    rows: Rows
    plan: Callable[[], AbstractContextManager[None]]


def walk(tiers: Sequence[Tier], by: str, most: int, place: Place | None, *, back: bool = False) -> list[Found]:
    """Up to `most` rows from a place on, in the order of the pages in either direction."""
    numbers = range(len(tiers))
    first = place.tier if place else 0
    found: list[Found] = []
    for number in reversed(numbers[: first + 1]) if back else numbers[first:]:
        rows = tiers[number].rows.order_by(*(by, "id") if back else (f"-{by}", "-id"))
        if place and number == place.tier:
            rows = rows.filter(beyond(place, by, ">" if back else "<"))
        with tiers[number].plan():
            found += [(number, row) for row in rows[: most - len(found)]]
        if len(found) == most:
            break
    return found[::-1] if back else found


def beyond(place: Place, by: str, sign: str) -> Compared:
    return Compared(F(by), F("id"), Value(place.held(by)), Value(place.pk), sign=sign)
