"""Why a task stops before its end."""

import errno

from django.utils.translation import gettext as _


class Cancelled(Exception):
    """The person wants nothing of it any more."""


class Impossible(Exception):
    """Trying again would not help; `reason` is for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def reason_for(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _("There was no room left to store the result. Please try again later; your source images are safe.")
    if isinstance(error, OSError):
        return _("A file could not be read or written. Please try again later; your source images are safe.")
    if isinstance(error, MemoryError):
        return _("There was not enough memory. Please choose a smaller resolution or a smaller preset.")
    return _("Something went wrong on our side. We have kept the details; please try again.")
