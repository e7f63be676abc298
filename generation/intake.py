"""From an uploaded file to source images with verdicts. Runs in a worker; may be killed at any line and run again."""

import os
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import NamedTuple

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Max

from . import abandoned, bucket, lookalikes, summaries
from .archives import Contents, Entry, contents
from .checkers import CheckerPool
from .images import Checked
from .leftovers import remove_folder
from .models import SourceSet, Upload
from .received import received
from .refusals import UploadRefused
from .verdicts import Verdicts

Alive = Callable[[], bool]


class Finding(NamedTuple):
    entry: Entry
    checked: Checked
    key: str = ""
    stored_size: int = 0


def run_intake(upload_id: int, alive: Alive) -> None:
    """Gives every file of the upload its verdict, unless `alive` says that another worker has taken over."""
    upload = Upload.objects.select_related("source_set").filter(pk=upload_id).first()
    if upload is None:
        return
    if upload.state == Upload.State.CHECKING:
        try:
            check_upload(upload, alive)
        except (SourceSet.DoesNotExist, Upload.DoesNotExist):
            # Its set was deleted meanwhile; what was written since goes the same way.
            return abandoned.remove_files_of(upload.source_set, [upload])
    if upload.state in (Upload.State.DONE, Upload.State.FAILED):
        remove_parts(upload)


def check_upload(upload: Upload, alive: Alive) -> None:
    try:
        state, reason = outcome(upload, alive)
        lookalikes.mark(upload.source_set)
    finally:
        summaries.refresh(upload.source_set)
    checking = Upload.objects.filter(pk=upload.pk, state=Upload.State.CHECKING)
    checking.update(state=state, reason=reason)
    upload.refresh_from_db(fields=["state", "reason"])


def outcome(upload: Upload, alive: Alive) -> tuple[Upload.State, str]:
    """Still CHECKING when it had to stop: whoever holds the task now goes on after the last verdict."""
    try:
        with received(upload) as file:
            finished = check_contents(upload, contents(file, upload.file_name), alive)
    except UploadRefused as refused:
        return Upload.State.FAILED, refused.message
    return (Upload.State.DONE if finished else Upload.State.CHECKING), ""


def check_contents(upload: Upload, found: Contents, alive: Alive) -> bool:
    Upload.objects.filter(pk=upload.pk).update(images_found=len(found.entries))
    last = upload.images.aggregate(last=Max("number"))["last"]
    waiting = [entry for entry in found.entries if last is None or entry.number > last]
    verdicts = Verdicts(upload)
    for finding in findings(upload, found, waiting, alive):
        verdicts.add(*finding)
        if not alive():
            return False
    verdicts.flush()
    return alive()


def findings(upload: Upload, found: Contents, entries: list[Entry], alive: Alive) -> Iterator[Finding]:
    """Verdicts in the order of the archive, made by as many children as there are cores to spare."""
    size = min(2, os.cpu_count() or 1, len(entries) or 1)
    window: deque[Future[Finding]] = deque()
    with CheckerPool(size) as pool, ThreadPoolExecutor(size) as threads:
        try:
            for entry in entries:
                window.append(threads.submit(find, upload, found, entry, pool))
                if len(window) > 2 * size:
                    yield awaited(window.popleft(), alive)
            while window:
                yield awaited(window.popleft(), alive)
        finally:
            threads.shutdown(cancel_futures=True)


def awaited(future: "Future[Finding]", alive: Alive) -> Finding:
    while True:
        try:
            return future.result(timeout=0.5)
        except NotYet:
            alive()  # keeps the lease through a slow picture; whether it was lost is asked after the verdict


def find(upload: Upload, found: Contents, entry: Entry, pool: CheckerPool) -> Finding:
    if entry.refusal:
        return Finding(entry, Checked("rejected", [entry.refusal]))
    try:
        data = found.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError):
        return Finding(entry, Checked("rejected", ["damaged"]))
    checked = pool.check(data)
    size = len(checked.data)
    return Finding(entry, checked, stored(upload, checked), size)


def stored(upload: Upload, checked: Checked) -> str:
    if not checked.data:
        return ""
    key = f"source-sets/{upload.source_set.public_id}/{checked.pixel_sha256}{checked.suffix}"
    if bucket.is_used():
        bucket.put(key, checked.data)
    else:
        default_storage.save(key, ContentFile(checked.data))
    checked.data = b""
    return key


def remove_parts(upload: Upload) -> None:
    if not bucket.is_used():
        for number in upload.parts:
            default_storage.delete(upload.part_key(number))
    remove_folder(upload.folder)
