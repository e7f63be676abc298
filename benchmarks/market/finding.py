"""Finding among many: every kind of page of the shelf, by words, filters, orders and the pages that follow."""

import html
import itertools
import json
import random
import re
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urljoin

from benchmarks.bars import Bar
from benchmarks.market.databases import DATABASES

LISTINGS = {"SQLite": 50_000, "PostgreSQL": 1_000_000}
# What the short version makes do with.
SHARE = 10
FEW = 2_000
SLOWEST = 150.0
FOLLOWED = 2
Told = dict[str, dict[str, Any]]


def bars(*, full: bool) -> Iterator[Bar]:
    for name, prepared in DATABASES.items():
        number = LISTINGS[name] // (1 if full else SHARE)
        told = []
        for size in (FEW, number):
            with prepared() as site:
                told.append(json.loads(site.python("-m", "benchmarks.market.finding", str(size)).splitlines()[-1]))
        few, many = told
        kind, slowest = max(many.items(), key=lambda item: item[1]["p95"])
        detail = ", ".join(f"{one} {found['median']:.0f}/{found['p95']:.0f}" for one, found in many.items())
        detail = f"the slowest kind is {kind}, at most {slowest['most']:.0f} ms; median/p95: {detail}"
        yield Bar(
            f"finding, {name}, {number:,} listings: p95 of any kind of page",
            slowest["p95"],
            SLOWEST,
            " ms",
            detail=detail,
        )
        more = max(many[one]["queries"] - few[one]["queries"] for one in many)
        detail = f"at most {max(found['queries'] for found in many.values())} queries"
        yield Bar(f"finding, {name}: more queries than among {FEW:,} listings", more, 0, detail=detail)


def measured(number: int) -> Told:
    """In a process that has settings."""
    from benchmarks.market.shelf import Crowd, fill

    crowd = Crowd()
    fill(crowd, number)
    return asked_of_all(pages(crowd.say, random.Random(9)))


def asked_of_all(asked: dict[str, list[str]]) -> Told:
    """Each round asks every kind, so that all are measured in the same time."""
    from django.db import connection, reset_queries
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    connection.force_debug_cursor = True
    for addresses in asked.values():
        client.get(addresses[0])
    found: dict[str, list[tuple[float, int]]] = {kind: [] for kind in asked}
    for turn in range(max(map(len, asked.values()))):
        for kind, addresses in asked.items():
            address = addresses[turn % len(addresses)]
            # The pages that follow are of the same kind.
            for _ in range(1 + FOLLOWED):
                reset_queries()
                started = time.perf_counter()
                answer = client.get(address)
                took = 1000 * (time.perf_counter() - started)
                assert answer.status_code == 200, (address, answer.status_code)
                found[kind].append((took, len(connection.queries)))
                address = neighbour(address, answer.content.decode())
                if not address:
                    break
    return {kind: summed_up(rows) for kind, rows in found.items()}


def neighbour(address: str, page: str) -> str:
    link = re.search(r'<link rel="next" href="([^"]+)"', page)
    return urljoin(address, html.unescape(link.group(1))) if link else ""


def pages(say: Any, chance: random.Random) -> dict[str, list[str]]:  # Any: of a crowd
    """Addresses by kind, as people ask: common words more often than rare ones."""
    from marketplace.listings.facets import FACETS
    from marketplace.listings.search import SORTS

    values = [(name, value) for name, facet in FACETS.items() for value in facet.names()]
    words = [" ".join(say(count)) for count in (1, 1, 1, 2, 2, 3) for _ in range(12)]
    slips = ["".join(swapped(list(word), chance)) for word in itertools.chain.from_iterable(say(1) for _ in range(40))]
    pairs = [dict(chance.sample(values, 2)) for _ in range(40)]
    return {
        "all": [address(sort=sort) for sort in SORTS],
        "a filter": [address(**{name: value}) for name, value in values],
        "two filters": [address(**pair, sort=chance.choice(SORTS)) for pair in pairs],
        "words": [address(q=text) for text in words],
        "words in an order": [address(q=text, sort=chance.choice(SORTS)) for text in words],
        "words and a filter": [address(q=text, **dict([chance.choice(values)])) for text in words],
        "words and two filters in an order": [
            address(q=text, **chance.choice(pairs), sort=chance.choice(SORTS)) for text in words
        ],
        "a price range": [
            address(currency="KRW", price_min=low, price_max=low * 3, sort=sort)
            for low in (1_000, 9_000, 30_000) for sort in SORTS
        ],
        "slips of the finger": [address(q=text) for text in slips],
        "a known word": [address(q=text) for text in ("의류", "shrts", "shirts", "images", "이미지", "자동차 풍경")],
    }  # fmt: skip


def address(**asked: Any) -> str:  # Any: what urlencode takes
    return f"/?{urlencode(asked)}"


def swapped(letters: list[str], chance: random.Random) -> list[str]:
    if len(letters) > 1:
        at = chance.randrange(len(letters) - 1)
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return letters


def summed_up(rows: list[tuple[float, int]]) -> dict[str, float]:
    times = [took for took, _queries in rows]
    p95 = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    return {
        "median": statistics.median(times), "p95": p95, "most": max(times),
        "queries": max(queries for _took, queries in rows),
    }  # fmt: skip


if __name__ == "__main__":
    import django

    django.setup()
    json.dump(measured(int(sys.argv[1])), sys.stdout)
