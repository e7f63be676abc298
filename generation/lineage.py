"""Where a job came from, what came of it, and what was changed on the way, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .forms import FITS, PRESETS, TRANSPARENCIES
from .models import GenerationJob

Origin = GenerationJob.Origin
Words = str | Promise
# Of what came of a job, the newest.
SHOWN = 12
NAMES: dict[str, Words] = {
    "source_set": gettext_lazy("Source set"),
    "count": gettext_lazy("Number of images"),
    "preset": gettext_lazy("Preset"),
    "resolution": gettext_lazy("Resolution"),
    "fit": gettext_lazy("Images that are not square"),
    "transparency": gettext_lazy("Transparent images"),
    "labels": gettext_lazy("Labels"),
    "sharing": gettext_lazy("Sharing among labels"),
    "minutes": gettext_lazy("Stop training after"),
    "kimg": gettext_lazy("Training length"),
}
CHOICES: dict[str, dict[Any, Words]] = {
    "preset": dict(PRESETS),
    "fit": dict(FITS),
    "transparency": dict(TRANSPARENCIES),
    "labels": {True: gettext_lazy("learned"), False: gettext_lazy("not learned")},
    "sharing": dict(GenerationJob.Sharing.choices),
}


@dataclass(frozen=True)
class Change:
    field: str
    name: Words
    before: Words
    after: Words


def changes(job: GenerationJob) -> list[Change]:
    """Against the job that it came from. The seed is left out: it differs unless it was asked for."""
    return list(differences(job.parent, job)) if job.parent is not None else []


def differences(parent: GenerationJob, job: GenerationJob) -> Iterator[Change]:
    before, after = settings_of(parent), settings_of(job)
    # The settings of more images are those that their generator was trained with.
    fields = {Origin.MORE: ("count",), Origin.REFINED: ()}.get(Origin(job.origin), tuple(NAMES))
    for field in fields:
        if before.get(field) != after.get(field):
            yield Change(field, NAMES[field], worded(field, before.get(field)), worded(field, after.get(field)))


def settings_of(job: GenerationJob) -> dict[str, Any]:  # Any: JSON values
    sharing = {"sharing": job.sharing} if job.requested.get("labels") else {}
    return job.requested | sharing | {"count": job.count, "source_set": str(job.source_set)}


def worded(field: str, value: Any) -> Words:  # Any: JSON values
    if value is None:
        return _("as the preset has it") if field in ("minutes", "kimg") else "–"
    if field in CHOICES:
        return CHOICES[field].get(value, str(value))
    units = {"minutes": _("%(value)s minutes"), "kimg": _("%(value)s kimg"), "resolution": _("%(value)s pixels")}
    number = f"{value:,g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
    return units.get(field, "%(value)s") % {"value": number}


def children(job: GenerationJob) -> list[GenerationJob]:
    """The newest first."""
    return list(job.children.select_related("source_set")[:SHOWN])
