"""How PostgreSQL is to walk: we know by count what its estimates can only guess. SQLite needs no telling."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

WALKS = ("enable_seqscan", "enable_indexscan", "enable_bitmapscan", "jit")
# So long PostgreSQL may follow its own estimates, in milliseconds.
PATIENCE = 60


def quickest(rows: QuerySet[Any, Any], patience: int = 0) -> list[Any]:  # Any: whatever is asked for
    """Where many match, some are found soonest by reading on from anywhere; an estimate that was wrong is cut short."""
    if connection.vendor == "postgresql":
        try:
            past = verdict(str(rows.query))
        except EmptyResultSet:
            return []
        if not past.misjudged:
            with contextlib.suppress(OperationalError), told(patience=patience or PATIENCE):
                return list(rows)
            past.misjudged = True
    with by_index():
        return list(rows)


@dataclass
class Verdict:
    """Of what PostgreSQL estimated for a question: once misjudged, it is not left to it again."""

    misjudged: bool = False


@lru_cache(maxsize=4096)
def verdict(question: str) -> Verdict:
    return Verdict()


@contextlib.contextmanager
def by_index() -> Iterator[None]:
    """All that match are found in the indexes of words and facets first."""
    with told(seqscan=False, indexscan=False):
        yield


@contextlib.contextmanager
def along_order() -> Iterator[None]:
    """Rows are read in their order until enough match."""
    with told(seqscan=False, bitmapscan=False):
        yield


@contextlib.contextmanager
def told(*, seqscan: bool = True, indexscan: bool = True, bitmapscan: bool = True, patience: int = 0) -> Iterator[None]:
    """Compiling a plan takes longer than these queries do. What was told is forgotten with the end, which undoes it."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(durable=False):
        tell(patience, seqscan, indexscan, bitmapscan, False)
        yield
        transaction.set_rollback(True)


def tell(patience: int, *allowed: bool) -> None:
    """Without patience of their own, queries have what the connection gives them."""
    settings = dict(zip(WALKS, ("on" if allow else "off" for allow in allowed), strict=True))
    if patience:
        settings["statement_timeout"] = str(patience)
    calls = ", ".join("set_config(%s, %s, true)" for _name in settings)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", [word for pair in settings.items() for word in pair])
