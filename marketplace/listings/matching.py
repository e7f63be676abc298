"""The condition that an entry's words meet, in the full-text language of either database."""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func
from django.db.models.sql.compiler import SQLCompiler

from .words import Alternatives

Compiled = tuple[str, list[Any]]


class Holds(Func):
    """True where an entry holds one of each alternatives. Terms are quoted: nothing in them is an operator."""

    output_field = BooleanField()

    def __init__(self, needed: Sequence[Alternatives], unless: Sequence[Alternatives] = ()) -> None:
        super().__init__(F("id"))
        self.needed, self.unless = tuple(needed), tuple(unless)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Compiled:
        table = self.of_table(compiler)
        return f"{table}.vector @@ %s::tsquery", [self.query("'", " & ", " | ", " & !")]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Compiled:  # type: ignore[override]  # the stubs want another tuple
        found = "SELECT rowid FROM listings_shelf_words WHERE listings_shelf_words MATCH %s"
        return f"{self.of_table(compiler)}.id IN ({found})", [self.query('"', " AND ", " OR ", " NOT ")]

    def query(self, mark: str, each: str, one: str, but_not: str) -> str:
        needed, unless = (joined(terms, mark, each, one) for terms in (self.needed, self.unless))
        return f"({needed}){but_not}({unless})" if unless else needed

    def of_table(self, compiler: SQLCompiler) -> str:
        column, _params = compiler.compile(self.get_source_expressions()[0])
        return column.rpartition(".")[0]

    @property
    def identity(self) -> Any:  # two that need other words are not equal
        return (*super().identity, self.needed, self.unless)


def joined(needed: Sequence[Alternatives], mark: str, each: str, one: str) -> str:
    return each.join("(" + one.join(quoted(term, mark) for term in terms) + ")" for terms in needed)


def quoted(term: str, mark: str) -> str:
    return mark + term.replace("\\", "\\\\").replace(mark, mark * 2) + mark
