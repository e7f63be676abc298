"""Reading a piece of a stored file without fetching the rest."""

import io
from typing import Any, BinaryIO

from django.core.files.storage import default_storage

BUFFER_BYTES = 1 << 20


def read(key: str, start: int, length: int) -> bytes:
    if length == 0:
        return b""
    bucket: Any = getattr(default_storage, "bucket", None)  # Any: boto3 makes its classes as it runs
    if bucket is not None:
        span = f"bytes={start}-{start + length - 1}"
        return bytes(bucket.Object(key).get(Range=span)["Body"].read())
    with default_storage.open(key) as file:
        file.seek(start)
        return bytes(file.read(length))


def opened(key: str, length: int | None = None) -> BinaryIO:
    """A seekable file over the stored one, or its first `length` bytes, that fetches what is read."""
    size = default_storage.size(key) if length is None else length
    return io.BufferedReader(Remote(key, size), BUFFER_BYTES)


class Remote(io.RawIOBase):
    def __init__(self, key: str, size: int) -> None:
        self.key, self.size, self.position = key, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        self.position = max(0, start + offset)
        return self.position

    def tell(self) -> int:
        return self.position

    def readinto(self, buffer: Any) -> int:  # Any: any writable buffer
        length = min(len(buffer), self.size - self.position)
        if length <= 0:
            return 0
        data = read(self.key, self.position, length)
        buffer[: len(data)] = data
        self.position += len(data)
        return len(data)
