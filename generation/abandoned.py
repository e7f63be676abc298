"""Uploads that nobody goes on with, and the files of sets and uploads whose rows are gone."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.utils import timezone

from . import bucket
from .leftovers import remove_folder
from .models import SourceSet, Upload


def remove_files_of(source_set: SourceSet, uploads: Iterable[Upload]) -> None:
    """Of a set whose rows are gone."""
    for folder in (source_set.folder, *(upload.folder for upload in uploads)):
        remove_folder(folder)


def remove_uploads() -> int:
    """Uploads that were begun and that nobody went on with for days."""
    oldest = timezone.now() - timedelta(days=settings.ABANDONED_UPLOAD_DAYS)
    abandoned = Upload.objects.filter(state=Upload.State.RECEIVING, touched_at__lt=oldest)
    return sum(remove_upload(upload) for upload in abandoned)


def remove_upload(upload: Upload) -> bool:
    """False where it was completed, or another part came in, since it was read."""
    unchanged = Upload.objects.filter(pk=upload.pk, state=upload.state, touched_at=upload.touched_at)
    if upload.state not in (Upload.State.RECEIVING, Upload.State.FAILED) or not unchanged.delete()[0]:
        return False
    if bucket.is_used():
        bucket.abandon(upload.key)
    remove_folder(upload.folder)
    return True


def remove_orphans() -> int:
    """What has no row, left by a process that died between deleting the one and the other."""
    places = ((Upload, "uploads"), (SourceSet, "source-sets"))
    return sum(remove_orphans_of(rows, place) for rows, place in places) + abandon_orphans()


def abandon_orphans() -> int:
    """Parts that a store keeps of uploads whose row is gone: no folder shows them."""
    keys = bucket.unfinished_under("uploads") if bucket.is_used() else set()
    orphans = [key for key in keys if not has_row(Upload, key.split("/")[1])]
    for key in orphans:
        bucket.abandon(key)
    return len(orphans)


def remove_orphans_of(rows: type[Upload] | type[SourceSet], place: str) -> int:
    # The folders are listed first: each row is there before its first file.
    orphans = [name for name in folders(place) if not has_row(rows, name)]
    for name in orphans:
        remove_folder(f"{place}/{name}")
    return len(orphans)


def folders(place: str) -> list[str]:
    try:
        return default_storage.listdir(place)[0]
    except FileNotFoundError:
        return []


def has_row(rows: type[Upload] | type[SourceSet], name: str) -> bool:
    try:
        return rows._default_manager.filter(public_id=name).exists()
    except ValidationError:
        return True  # not named by us, so not ours to remove
