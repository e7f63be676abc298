"""What is said where a machine's memory was not enough, and what would need less of it."""

import errno
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from . import sharing
from .engine.config import MAX_IMAGES, MIN_IMAGES, RESOLUTIONS, RecipeRequest, resolve
from .engine.footprint import machine_bytes, smaller, training_bytes
from .models import GenerationJob, JobTask, SourceSet

# The next one that needs less: a narrower network, or smaller batches.
LIGHTER = {"best": "standard", "paper": "standard", "standard": "quick"}
GPU = Path("/proc/driver/nvidia")
SIGNS = (
    "allocate memory",
    "out of memory",
    "not enough memory",
    "bad_alloc",
    "failed to map segment",
    "can't start new thread",
)


def ran_out(error: BaseException) -> bool:
    """PyTorch and the dynamic loader tell it in words alone."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    told = str(error).lower()
    return isinstance(error, RuntimeError | ImportError | OSError) and any(sign in told for sign in SIGNS)


def reason(task: JobTask) -> str:
    return f"{_('There was not enough memory on the machine that worked on it.')} {advice(task)}".strip()


def problem(source_set: SourceSet, request: RecipeRequest) -> str:
    """Why training would not fit even if nothing else ran, and what would; or nothing.

    Whether there is enough beside what else runs is known once it is the job's turn.
    """
    there, needed = machine(), wanted(source_set, request)
    if there is None or needed <= there:
        return ""
    text = _("Training at this size takes about %(needed)s of memory, and the machine has %(there)s.")
    told = text % {"needed": filesizeformat(needed), "there": filesizeformat(there)}
    fits = {name: value for name, value, other in smaller(request) if wanted(source_set, other) <= there}
    if not fits:
        return f"{told} {_('Nothing smaller would fit either: please ask the site for more memory.')}"
    return f"{told} {_('This would fit: %(options)s.') % {'options': _(', or ').join(worded_ways(fits))}}"


def wanted(source_set: SourceSet, request: RecipeRequest) -> int:
    images = min(max(source_set.usable_count, MIN_IMAGES), MAX_IMAGES)
    labels = tuple(sharing.counts(source_set)) if request.labels else ()
    # Too few labels are refused with words of their own.
    request = replace(request, labels=len(labels) > 1)
    recipe = resolve(request, images=images, channels=source_set.channels(request.transparency), classes=labels)
    return training_bytes(recipe, images)


def machine() -> int | None:
    """None where workers may be on other machines, or train in the memory of a GPU."""
    return machine_bytes() if settings.EMBEDDED_VALKEY and not GPU.exists() else None


def short(needed: int, free: int, fits: Mapping[str, object]) -> str:
    """Of training that was not begun: what would fit instead."""
    text = _("Training at this size takes about %(needed)s of memory, and %(free)s are free on the machine.")
    told = text % {"needed": filesizeformat(needed), "free": filesizeformat(free)}
    ways = list(worded_ways(fits))
    if not ways:
        return (
            f"{told} {_('Nothing smaller would fit either: please try again later, or ask the site for more memory.')}"
        )
    return f"{told} {_('This would fit: %(options)s.') % {'options': _(', or ').join(ways)}}"


def worded_ways(fits: Mapping[str, object]) -> Iterator[str]:
    if "preset" in fits:
        yield _("the preset “%(preset)s”") % {"preset": fits["preset"]}
    if "resolution" in fits:
        yield _("a resolution of %(pixels)d pixels") % {"pixels": fits["resolution"]}


def lost(task: JobTask) -> str:
    """Of a worker that was gone without a word: that is how the system ends a program that takes too much memory."""
    text = _("The worker was lost several times at the same place, most likely because the machine ran out of memory.")
    return f"{text} {advice(task)}".strip()


def advice(task: JobTask) -> str:
    if task.job is None:
        return _("Please try again later, or with smaller files.")
    lighter = [text for text in (lighter_preset(task.job), lighter_resolution(task.job)) if text]
    if not lighter:
        return _("This is the smallest preset and resolution there is: please try again later, or with fewer images.")
    return _("This would need less memory: %(options)s.") % {"options": _(", or ").join(lighter)}


def lighter_preset(job: GenerationJob) -> str:
    preset = LIGHTER.get(job.requested.get("preset", ""))
    return _("the preset “%(preset)s”") % {"preset": preset} if preset else ""


def lighter_resolution(job: GenerationJob) -> str:
    smaller = [pixels for pixels in RESOLUTIONS if pixels < job.requested.get("resolution", 0)]
    return _("a resolution of %(pixels)d pixels") % {"pixels": smaller[-1]} if smaller else ""
