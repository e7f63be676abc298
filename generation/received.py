"""An upload read as one file where it lies: no second copy on disk, of parts in a folder one open at a time."""

import io
from typing import IO, BinaryIO

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from . import bucket, ranges
from .models import Upload
from .refusals import UploadRefused

BUFFER = 1024 * 1024


def received(upload: Upload) -> BinaryIO:
    if bucket.is_used():
        if bucket.length(upload.key) != upload.size:
            raise damaged(upload)
        return ranges.opened(upload.key, upload.size)
    parts = Parts(upload)
    parts.refuse_damaged()
    return io.BufferedReader(parts, BUFFER)


def damaged(upload: Upload) -> UploadRefused:
    text = _("%(name)s arrived damaged. Please upload it again.")
    return UploadRefused("file", text % {"name": upload.file_name})


class Parts(io.RawIOBase):
    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.position = 0
        self.number = 0
        self.part: IO[bytes] | None = None

    def refuse_damaged(self) -> None:
        numbers = range(1, self.upload.part_count + 1)
        if not all(self.stored_length(number) == self.upload.part_length(number) for number in numbers):
            raise damaged(self.upload)

    def stored_length(self, number: int) -> int:
        key = self.upload.part_key(number)
        return default_storage.size(key) if default_storage.exists(key) else -1

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.upload.size}[whence]
        self.position = max(0, base + offset)
        return self.position

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # what BufferedReader passes
        if self.position >= self.upload.size:
            return 0
        index, offset = divmod(self.position, self.upload.part_size)
        part = self.opened(index + 1)
        part.seek(offset)
        data = part.read(min(len(buffer), self.upload.size - self.position))
        buffer[: len(data)] = data
        self.position += len(data)
        return len(data)

    def opened(self, number: int) -> IO[bytes]:
        if self.part is None or self.number != number:
            self.close_part()
            self.number, self.part = number, default_storage.open(self.upload.part_key(number)).open("rb")
        return self.part

    def close_part(self) -> None:
        if self.part is not None:
            self.part.close()
            self.part = None

    def close(self) -> None:
        self.close_part()
        super().close()
