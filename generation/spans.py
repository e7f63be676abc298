"""Lengths of time in words, as people say them: never more exact than they are."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def span(low: float, high: float) -> str:
    """A range of seconds, such as "4–10 minutes"."""
    first, last = rounded(low), rounded(high)
    if first == last:
        return _("about %(time)s") % {"time": worded(last)}
    return _("%(low)s to %(high)s") % {"low": worded(first), "high": worded(last)}


def rounded(seconds: float) -> int:
    """To 10 seconds below two minutes, to a minute below two hours, to half an hour above."""
    step = 10 if seconds < 120 else 60 if seconds < 7200 else 1800
    return max(step, round(seconds / step) * step)


def worded(seconds: int) -> str:
    if seconds < 120:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    if seconds < 7200:
        minutes = seconds // 60
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    hours = seconds / 3600
    return ngettext("%(count)s hour", "%(count)s hours", 1 if hours == 1 else 2) % {"count": f"{hours:g}"}
