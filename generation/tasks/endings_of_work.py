"""Why a task stops before its end."""

from django.utils.translation import gettext as _

from generation import memory, room
from generation.models import JobTask


class Cancelled(Exception):
    """The person wants nothing of it any more."""


class Leaving(Exception):
    """This worker was asked to go: another goes on."""


class Impossible(Exception):
    """Trying again would not help; `reason` is for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OtherMachine(Exception):
    """The job's images are made on another kind of machine: one of those goes on."""


def reason_for(error: Exception, task: JobTask) -> str:
    if room.ran_out(error):
        return room.reason(task)
    if memory.ran_out(error):
        return memory.reason(task)
    if isinstance(error, OtherMachine):
        return _("The rest of the images would have to be made on another kind of machine. Please start again.")
    if isinstance(error, OSError):
        return _("A file could not be read or written. Please try again later; your source images are safe.")
    return _("Something went wrong on our side. We have kept the details; please try again.")
