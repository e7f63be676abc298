"""Room in the store: what a job's end takes, and what is said where it was not there."""

import errno
import shutil

from django.core.files.storage import default_storage
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from .estimates import expected_bytes
from .models import GenerationJob, JobTask

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def ran_out(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in NO_ROOM


def reason(task: JobTask) -> str:
    if task.job is None:
        return _("There was no room left to store the images. Please delete what you no longer need and try again.")
    left, wanted = free(), filesizeformat(needed(task.job))
    if left is None:
        text = _("There was no room left to store the result: about %(needed)s are needed.") % {"needed": wanted}
    else:
        text = _("There was no room left to store the result: about %(needed)s are needed, and %(free)s were free.")
        text = text % {"needed": wanted, "free": filesizeformat(left)}
    advice = _("Please delete datasets or source sets you no longer need, or ask the site to make room, and try again.")
    return f"{text} {advice}"


def needed(job: GenerationJob) -> int:
    """Bytes of the shards, and as much for the bundle that is packed from them."""
    resolution, transparency = job.requested["resolution"], job.requested.get("transparency", "white")
    channels = job.source_set.channels(transparency)
    return 2 * max(packed(job), round(expected_bytes(resolution, channels, job.count)[0]))


def packed(job: GenerationJob) -> int:
    done = job.tasks.filter(kind=JobTask.Kind.SAMPLE, state=JobTask.State.DONE).exclude(output_key="")
    keys = [key for key in done.values_list("output_key", flat=True) if default_storage.exists(key)]
    return sum(default_storage.size(key) for key in keys)


def free() -> int | None:
    """None where the store does not say."""
    folder = getattr(default_storage, "base_location", None)
    return shutil.disk_usage(folder).free if folder else None
