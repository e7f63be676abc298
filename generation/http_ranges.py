"""The Range header of a GET request, RFC 9110 section 14."""

import re
from typing import NamedTuple

# Nothing stored here has a position of more digits; a longer number is no range of it.
ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


class Range(NamedTuple):
    start: int
    end: int  # exclusive

    @property
    def length(self) -> int:
        return self.end - self.start


class NotSatisfiable(Exception):
    """The range begins past the end of the file."""


def asked(header: str, size: int) -> Range | None:
    """The one range that was asked for. None for none, a malformed one or several: these get the whole file."""
    match = ONE_RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return suffix(int(last), size)
    start, end = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise NotSatisfiable
    return Range(start, end)


def suffix(length: int, size: int) -> Range:
    if length == 0:
        raise NotSatisfiable
    return Range(max(0, size - length), size)
