"""The Range header of a GET request, RFC 9110 section 14."""

import re
from typing import NamedTuple

# Nothing stored here has a position of more digits; a longer number is no range of it.
ONE_RANGE = re.compile(r"(\d{0,18})-(\d{0,18})", re.ASCII)
UNIT = "bytes="
# Whoever asks for more pieces than this gets the whole file (RFC 9110, 17.15).
MOST_RANGES = 16


class Range(NamedTuple):
    start: int
    end: int  # exclusive

    @property
    def length(self) -> int:
        return self.end - self.start


class NotSatisfiable(Exception):
    """No range begins inside the file."""


def asked(header: str, size: int) -> list[Range]:
    """What was asked for, ranges that touch joined; [] for the whole file, also where the header is unfit."""
    if header[: len(UNIT)].lower() != UNIT:
        return []
    # Empty elements of a list mean nothing (RFC 9110, 5.6.1).
    texts = [text for part in header[len(UNIT) :].split(",") if (text := part.strip(" \t"))]
    pairs = [match.group(1, 2) for text in texts if (match := ONE_RANGE.fullmatch(text))]
    if not texts or len(pairs) < len(texts) or not all(valid(first, last) for first, last in pairs):
        return []
    found = [one for first, last in pairs if (one := satisfiable(first, last, size))]
    if not found:
        raise NotSatisfiable
    joined = without_overlaps(found)
    return joined if len(joined) <= MOST_RANGES else []


def valid(first: str, last: str) -> bool:
    return bool(first or last) and not (first and last and int(last) < int(first))


def satisfiable(first: str, last: str, size: int) -> Range | None:
    if not first:
        return Range(max(0, size - int(last)), size) if int(last) and size else None
    end = min(int(last) + 1, size) if last else size
    return Range(int(first), end) if int(first) < size else None


def without_overlaps(ranges: list[Range]) -> list[Range]:
    """In the order they were asked for, unless some touch: these become one, all in the order of the file."""
    joined: list[Range] = []
    for one in sorted(ranges):
        if joined and one.start <= joined[-1].end:
            joined[-1] = Range(joined[-1].start, max(joined[-1].end, one.end))
        else:
            joined.append(one)
    return joined if len(joined) < len(ranges) else ranges
