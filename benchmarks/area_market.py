"""A marketplace that sellers, buyers and staff would choose: money that can't be wrong, search that stays fast."""

from collections.abc import Callable, Iterator

from benchmarks.bars import Bar
from benchmarks.market import curation, finding, money

PARTS: dict[str, Callable[..., Iterator[Bar]]] = {
    "money": money.bars,
    "finding": finding.bars,
    "curation": curation.bars,
}
