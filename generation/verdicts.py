"""Writes source images in small batches, so that verdicts appear while the rest is being looked at."""

import time

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from . import blocking
from .archives import Entry
from .images import Checked
from .models import SourceImage, SourceSet, Upload
from .refusals import UploadRefused

BATCH = 25
SECONDS = 0.5


class Verdicts:
    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.rows: list[SourceImage] = []
        self.flushed_at = -SECONDS  # the first verdict is worth a transaction of its own

    def add(self, entry: Entry, checked: Checked, key: str, stored_size: int) -> None:
        self.rows.append(self.row(entry, checked, key, stored_size))
        if len(self.rows) >= BATCH or time.monotonic() - self.flushed_at > SECONDS:
            self.flush()

    def row(self, entry: Entry, checked: Checked, key: str, stored_size: int) -> SourceImage:
        return SourceImage(
            source_set_id=self.upload.source_set_id,
            upload=self.upload,
            number=entry.number,
            file_name=entry.name.replace("\0", "")[-500:],
            label=entry.label,
            size=entry.size,
            key=key,
            stored_size=stored_size,
            look=bytes.fromhex(checked.look),
            **{name: fact for name, fact in checked.facts().items() if name not in ("suffix", "look")},
        )

    def flush(self) -> None:
        rows, self.rows, self.flushed_at = self.rows, [], time.monotonic()
        if rows:
            write(self.upload.source_set_id, rows)


def write(source_set_id: int, rows: list[SourceImage]) -> None:
    """What is blocked goes before anything tells of it, so that a worker that dies leaves no file of it behind."""
    refuse_blocked(source_set_id, rows)
    with transaction.atomic():
        refuse_sealed(source_set_id)
        create(source_set_id, rows)


def create(source_set_id: int, rows: list[SourceImage]) -> None:
    """Originals first: a duplicate in the same batch points at its original's key."""
    firsts = known(source_set_id, rows)
    originals = [row for row in rows if not is_duplicate(row, firsts)]
    SourceImage.objects.bulk_create(originals)
    duplicates = [row for row in rows if row.pk is None]
    for row in duplicates:
        row.duplicate_of = firsts[row.pixel_sha256]
    SourceImage.objects.bulk_create(duplicates)


def refuse_sealed(source_set_id: int) -> None:
    if SourceSet.objects.select_for_update().get(pk=source_set_id).sealed_at is not None:
        raise UploadRefused("source_set", _("A job has used these images meanwhile. Make a new version to add more."))


def refuse_blocked(source_set_id: int, rows: list[SourceImage]) -> None:
    """Nothing is kept of a blocked picture but that it was sent."""
    digests = {digest for row in rows for digest in (row.sha256, row.pixel_sha256) if digest}
    blocked = blocking.refused(source_set_id, digests)
    for row in rows:
        if blocked & {row.sha256, row.pixel_sha256}:
            if row.key:
                forget(source_set_id, row.key)
            row.verdict, row.reasons, row.key, row.stored_size = SourceImage.Verdict.REJECTED, ["blocked"], "", 0
            row.flags, row.look = [], b""


def forget(source_set_id: int, key: str) -> None:
    """Unless an image of the set that came in before the block still has it."""
    if not SourceImage.objects.filter(source_set_id=source_set_id, key=key).exists():
        default_storage.delete(key)


def known(source_set_id: int, rows: list[SourceImage]) -> dict[str, SourceImage]:
    hashes = {row.pixel_sha256 for row in rows if row.pixel_sha256}
    found = SourceImage.objects.filter(source_set_id=source_set_id, verdict__in=SourceImage.USABLE)
    return {image.pixel_sha256: image for image in found.filter(pixel_sha256__in=hashes)}


def is_duplicate(row: SourceImage, firsts: dict[str, SourceImage]) -> bool:
    """Also makes an original known to the rows after it."""
    if not row.key or firsts.setdefault(row.pixel_sha256, row) is row:
        return False
    row.verdict, row.reasons, row.key = SourceImage.Verdict.REJECTED, ["duplicate"], ""
    row.flags, row.look, row.stored_size = [], b"", 0
    return True
