"""A file on its way in: begun, sent in numbered parts, completed. The same calls serve the pages and the API."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from . import abandoned, bucket, claims, quotas
from .models import JobTask, SourceSet, Upload
from .reasons import REASONS
from .refusals import UploadRefused
from .source_sets import new_version
from .summaries import Summary, summary

__all__ = [
    "REASONS",
    "Summary",
    "UploadRefused",
    "arrived",
    "begin",
    "complete",
    "drop",
    "new_version",
    "part_links",
    "put_part",
    "receive",
    "summary",
    "unfinished",
]


def begin(source_set: SourceSet, file_name: str, size: int) -> Upload:
    refuse_sealed(source_set)
    if size <= 0:
        raise UploadRefused("size", _("%(name)s is empty (0 bytes).") % {"name": file_name})
    if size > settings.MAX_UPLOAD_BYTES:
        limit = filesizeformat(settings.MAX_UPLOAD_BYTES)
        raise UploadRefused("size", _("%(name)s is larger than %(limit)s.") % {"name": file_name, "limit": limit})
    quotas.refuse_full(source_set.owner_id, file_name, size)
    return Upload.objects.create(
        source_set=source_set, file_name=bare_name(file_name), size=size, part_size=settings.UPLOAD_PART_BYTES
    )


def refuse_sealed(source_set: SourceSet) -> None:
    if source_set.sealed_at is not None:
        raise UploadRefused(
            "source_set", _("A job has used these images, so they stay as they are. Make a new version to add more.")
        )


def bare_name(file_name: str) -> str:
    name = PurePosixPath(file_name.replace("\\", "/").replace("\0", "")).name
    return name[-255:] or "upload"


def put_part(upload: Upload, number: int, data: "bytes | File[bytes]") -> Upload:
    """Stores one part, counted from 1. Sending a part again replaces it, so a client may always retry."""
    if upload.state != Upload.State.RECEIVING:
        raise UploadRefused("part", _("This upload is complete already."))
    if not 1 <= number <= upload.part_count:
        raise UploadRefused("part", _("This upload has parts 1 to %(count)d.") % {"count": upload.part_count})
    file = ContentFile(data) if isinstance(data, bytes) else data
    expected = upload.part_length(number)
    if file.size != expected:
        text = _("Part %(number)d must have %(expected)d bytes, but has %(got)d.")
        raise UploadRefused("part", text % {"number": number, "expected": expected, "got": file.size})
    if bucket.is_used():
        bucket.put_part(upload.key, bucket.begun(upload.key), number, file)
    else:
        default_storage.save(upload.part_key(number), file)
    return note_part(upload, number)


def part_links(upload: Upload, numbers: Iterable[int]) -> dict[int, str]:
    """Where the store itself takes these parts, each for bucket.LINK_SECONDS."""
    if upload.state != Upload.State.RECEIVING:
        raise UploadRefused("numbers", _("This upload is complete already."))
    wanted = sorted(set(numbers))
    if any(not 1 <= number <= upload.part_count for number in wanted):
        raise UploadRefused("numbers", _("This upload has parts 1 to %(count)d.") % {"count": upload.part_count})
    Upload.objects.filter(pk=upload.pk).update(touched_at=timezone.now())
    begun = bucket.begun(upload.key)
    return {number: bucket.part_link(upload.key, begun, number, upload.part_length(number)) for number in wanted}


def arrived(upload: Upload) -> list[int]:
    """Numbers of the parts that are in, ascending. The store knows of those that were sent straight to it."""
    if not bucket.is_used() or upload.state != Upload.State.RECEIVING:
        return upload.parts
    return [part.number for part in whole_parts(upload)]


def unfinished(source_set: SourceSet) -> list[Upload]:
    """Those that wait to be gone on with, each with the parts that are in."""
    waiting = list(source_set.uploads.filter(state=Upload.State.RECEIVING).order_by("created_at"))
    for upload in waiting:
        upload.parts = arrived(upload)
    return waiting


def whole_parts(upload: Upload) -> list[bucket.Part]:
    expected = {number: upload.part_length(number) for number in range(1, upload.part_count + 1)}
    return [part for part in bucket.parts(upload.key) if part.size == expected.get(part.number)]


@transaction.atomic
def note_part(upload: Upload, number: int) -> Upload:
    upload = Upload.objects.select_for_update().get(pk=upload.pk)
    upload.parts = sorted({*upload.parts, number})
    upload.touched_at = timezone.now()
    upload.save(update_fields=["parts", "touched_at"])
    return upload


def complete(upload: Upload) -> Upload:
    """Hands the file to intake. Safe to call twice."""
    if upload.state == Upload.State.RECEIVING:
        source_set = SourceSet.objects.get(pk=upload.source_set_id)
        refuse_sealed(source_set)
        put_together(upload)
        quotas.refuse_full(source_set.owner_id, upload.file_name)
        hand_over(upload)
    upload.refresh_from_db()
    return upload


def put_together(upload: Upload) -> None:
    """A folder keeps the parts as they are; a store that joins them does so once all are in."""
    if not bucket.is_used():
        return refuse_gaps(upload, upload.parts)
    if bucket.length(upload.key) != upload.size:
        here = whole_parts(upload)
        refuse_gaps(upload, [part.number for part in here])
        bucket.join(upload.key, here)


def refuse_gaps(upload: Upload, here: Iterable[int]) -> None:
    missing = sorted(set(range(1, upload.part_count + 1)) - set(here))
    if missing:
        numbers = ", ".join(map(str, missing[:10])) + (", …" if len(missing) > 10 else "")
        raise UploadRefused("parts", _("These parts are missing: %(numbers)s.") % {"numbers": numbers})


@transaction.atomic
def hand_over(upload: Upload) -> None:
    receiving = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING)
    if receiving.update(state=Upload.State.CHECKING, completed_at=timezone.now()):
        claims.add(JobTask.Kind.INTAKE, upload=upload)


def drop(upload: Upload) -> None:
    """Gives up an upload that is not complete, or forgets one that failed."""
    if not abandoned.remove_upload(upload):
        raise UploadRefused("upload", _("This upload is complete already. Delete its images instead."))


def receive(source_set: SourceSet, file: "File[bytes]") -> Upload:
    """A whole file from a form."""
    upload = begin(source_set, file.name or "", file.size)
    for number in range(1, upload.part_count + 1):
        upload = put_part(upload, number, file.read(upload.part_length(number)))
    return complete(upload)
