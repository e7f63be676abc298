"""Which source images are meant by a word, and how they are deleted from a set that is still open."""

from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from . import leftovers, summaries
from .models import SourceImage, SourceSet
from .reasons import FLAGS
from .refusals import UploadRefused

BATCH = 500


def selected(source_set: SourceSet, which: str) -> QuerySet[SourceImage]:
    """By a verdict, by a flag, `flagged` for any flag, `similar` for those of which another is kept; '' for all."""
    images = source_set.images.all()
    if which in SourceImage.Verdict:
        return images.filter(verdict=which)
    if which == "similar":
        return images.filter(alike__isnull=False)
    if which == "flagged":
        return images.exclude(flags=[])
    if which in FLAGS:
        return images.with_flag(which)
    return images


def delete(source_set: SourceSet, images: QuerySet[SourceImage]) -> int:
    """Returns how many are gone, exact duplicates of them included: those have no file of their own."""
    with transaction.atomic():
        open_set = SourceSet.objects.select_for_update().get(pk=source_set.pk)
        if open_set.sealed_at is not None:
            raise UploadRefused("source_set", _("A job has used these images, so they stay as they are."))
        gone = list(images.values_list("pk", flat=True))
        keys = remove_rows(open_set, gone)
        usable = open_set.usable_images.count()
        # Until the summary is made again, a job that seals the set computes the fingerprint itself.
        SourceSet.objects.filter(pk=open_set.pk).update(usable_count=usable, draft_fingerprint="")
        # What the store keeps for now harms nobody: it goes with the set.
        transaction.on_commit(partial(leftovers.remove_files, keys), robust=True)
    summaries.refresh(source_set)
    return len(gone)


def remove_rows(source_set: SourceSet, gone: list[int]) -> list[str]:
    """The keys of the files that nobody has any more."""
    keys: list[str] = []
    hand_on(source_set, gone)
    for first in range(0, len(gone), BATCH):
        part = gone[first : first + BATCH]
        own = source_set.images.filter(pk__in=part, key__startswith=f"{source_set.folder}/")
        keys.extend(own.values_list("key", flat=True))
        leaving = source_set.images.filter(Q(pk__in=part) | Q(duplicate_of__in=part))
        leaving._raw_delete(leaving.db)
    return keys


def hand_on(source_set: SourceSet, gone: list[int]) -> None:
    """Groups whose kept image is being deleted get another of their own."""
    rest = source_set.usable_images.filter(alike__in=gone).exclude(pk__in=gone).order_by("pk")
    heirs: dict[int, int] = {}
    for image in rest.only("source_set", "alike"):
        heirs.setdefault(image.alike_id or 0, image.pk)
    for old, heir in heirs.items():
        SourceImage.objects.filter(alike=old).exclude(pk=heir).update(alike=heir)
        SourceImage.objects.filter(pk=heir).update(alike=None)
