"""What the page of a source set shows of its images: figures, groups of near-duplicates, and the list by verdict."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from . import selections, summaries
from .blocking import FLAG
from .models import SourceImage, SourceSet, Upload
from .reasons import FLAGS, worded

PAGE, GROUPS, IN_GROUP = 30, 12, 6
FILTERS = {
    "accepted": _("accepted"),
    "fixed": _("fixed"),
    "rejected": _("rejected"),
    "flagged": _("worth a look"),
    "similar": _("nearly the same"),
}
DELETABLE = ("rejected", "flagged", "similar")


def of(source_set: SourceSet, asked: Mapping[str, str]) -> dict[str, Any]:
    which = asked.get("verdict", "")
    which = which if which in FILTERS or which in FLAGS else ""
    images = selections.selected(source_set, which).select_related("duplicate_of", "alike").defer("look")
    page = Paginator(images.order_by("upload", "number"), PAGE).get_page(asked.get("page"))
    found = summaries.summary(source_set)
    return {
        "source_set": source_set,
        "summary": found,
        "reasons": [reason | {"count": found.reasons[reason["code"]]} for reason in worded(found.reasons)],
        "flags": [flag | {"count": found.flags[flag["code"]]} for flag in worded(found.flags) if flag["code"] != FLAG],
        "groups": groups(source_set) if found.similar else [],
        "page": page,
        "images": [(image, worded([*image.reasons, *image.flags])) for image in page],
        "verdict": which,
        "filters": FILTERS.items(),
        "uploads": at_work(source_set),
        "deletable": which if which in DELETABLE or which in FLAGS else "",
    }


def deletable(source_set: SourceSet, which: str) -> QuerySet[SourceImage]:
    """Never all of them by a word that is not known."""
    known = which in DELETABLE or which in FLAGS
    return selections.selected(source_set, which) if known else source_set.images.none()


def at_work(source_set: SourceSet) -> list[tuple[Upload, int]]:
    """Uploads that are being checked, with how many of their files have a verdict, and those that failed."""
    rows = source_set.uploads.filter(state__in=("checking", "failed")).order_by("-created_at")[:20]
    return [(upload, upload.images.count() if upload.state == "checking" else 0) for upload in rows]


def groups(source_set: SourceSet) -> list[list[SourceImage]]:
    """The first few groups: the one that would be kept, then those like it."""
    similar = source_set.images.filter(alike__isnull=False).order_by("alike", "pk").defer("look")
    kept = [pk for pk in similar.order_by("alike").values_list("alike", flat=True).distinct()[:GROUPS] if pk]
    found: dict[int, list[SourceImage]] = defaultdict(list)
    for image in source_set.images.filter(pk__in=kept).defer("look"):
        found[image.pk].append(image)
    for image in similar.filter(alike__in=kept)[: GROUPS * IN_GROUP * 4]:
        if image.alike_id and len(found[image.alike_id]) < IN_GROUP:
            found[image.alike_id].append(image)
    return list(found.values())
