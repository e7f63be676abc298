"""Lengths of time in words, as people say them: never more exact than they are."""

import math

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def span(low: float, high: float) -> str:
    """A range of seconds, such as "4 to 10 minutes"."""
    first, last = rounded(low), rounded(high)
    if first == last:
        return _("about %(time)s") % {"time": worded(last)}
    return _("%(low)s to %(high)s") % {"low": beginning(first, unit(last)), "high": worded(last)}


def beginning(seconds: int, in_units_of: int) -> str:
    """In the unit that its range ends in, where it comes to half of one: never later than it is."""
    halves = seconds * 2 // in_units_of
    if unit(seconds) == in_units_of:
        return in_unit(seconds)
    return f"{halves / 2:g}" if halves else worded(seconds)


def rounded(seconds: float) -> int:
    """To 10 seconds below two minutes, to a minute below two hours, to half an hour above."""
    step = 10 if seconds < 120 else 60 if seconds < 7200 else 1800
    return max(step, math.floor(seconds / step + 0.5) * step)


def unit(seconds: int) -> int:
    return 1 if seconds < 120 else 60 if seconds < 7200 else 3600


def in_unit(seconds: int) -> str:
    return f"{seconds / unit(seconds):g}"


def worded(seconds: int) -> str:
    if seconds < 120:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    if seconds < 7200:
        minutes = seconds // 60
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    count = in_unit(seconds)
    return ngettext("%(count)s hour", "%(count)s hours", 1 if count == "1" else 2) % {"count": count}
