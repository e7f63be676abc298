"""Room in the store: what a job's end takes, and what is said where it was not there."""

import errno
import shutil
from pathlib import Path

from django.core.files.storage import default_storage
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from .engine.config import RecipeRequest
from .estimates import expected_bytes
from .models import GenerationJob, JobTask, SourceSet

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
    return max(2 * packed(job), wanted(job.source_set, RecipeRequest.from_dict(job.requested), job.count))


def wanted(source_set: SourceSet, request: RecipeRequest, count: int) -> int:
    """Bytes of the shards, and as much for the bundle that is packed from them."""
    channels = source_set.channels(request.transparency)
    return 2 * round(expected_bytes(request.resolution, channels, count)[0])


def problem(source_set: SourceSet, request: RecipeRequest, count: int) -> str:
    """Why so many images would not fit into the store as it is now, or nothing."""
    left, bytes_wanted = free(), wanted(source_set, request, count)
    if left is None or bytes_wanted <= left:
        return ""
    text = _(
        "There is no room for so many images: about %(needed)s are needed and %(free)s are free. About %(most)s would "
        "fit; or delete datasets you no longer need, or ask the site to make room."
    )
    most = int(count * left / bytes_wanted)
    return text % {"needed": filesizeformat(bytes_wanted), "free": filesizeformat(left), "most": f"{most:,}"}


def packed(job: GenerationJob) -> int:
    done = job.tasks.filter(kind=JobTask.Kind.SAMPLE, state=JobTask.State.DONE).exclude(output_key="")
    keys = [key for key in done.values_list("output_key", flat=True) if default_storage.exists(key)]
    return sum(default_storage.size(key) for key in keys)


def free() -> int | None:
    """None where the store does not say."""
    folder = getattr(default_storage, "base_location", None)
    if not folder:
        return None
    # Before the first file is stored its folder is not there yet.
    there = next(place for place in (Path(folder).absolute(), *Path(folder).absolute().parents) if place.exists())
    return shutil.disk_usage(there).free
