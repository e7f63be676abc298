"""Reading a piece of a stored file without fetching the rest."""

import io
from typing import Any, BinaryIO

from django.core.files.storage import default_storage

from . import bucket

BUFFER_BYTES = 1 << 20
# Each reading from a store is a request: little where somebody looks around, more and more where they read on.
LEAST_FETCHED, MOST_FETCHED = 128 << 10, 8 << 20


def read(key: str, start: int, length: int) -> bytes:
    if length == 0:
        return b""
    if bucket.is_used():
        return bucket.read(key, start, length)
    with default_storage.open(key) as file:
        file.seek(start)
        return bytes(file.read(length))


def opened(key: str, length: int | None = None) -> BinaryIO:
    """A seekable file over the stored one, or its first `length` bytes, that fetches what is read."""
    size = default_storage.size(key) if length is None else length
    return io.BufferedReader(Remote(key, size), MOST_FETCHED if bucket.is_used() else BUFFER_BYTES)


class Remote(io.RawIOBase):
    def __init__(self, key: str, size: int) -> None:
        self.key, self.size, self.position = key, size, 0
        self.fetched, self.read_to = LEAST_FETCHED, -1

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
        length = min(len(buffer), self.size - self.position, self.fitting())
        if length <= 0:
            return 0
        data = read(self.key, self.position, length)
        buffer[: len(data)] = data
        self.position += len(data)
        self.read_to = self.position
        return len(data)

    def readall(self) -> bytes:
        data = read(self.key, self.position, max(0, self.size - self.position))
        self.position = self.size
        return data

    def fitting(self) -> int:
        """How many bytes are worth a request now."""
        reads_on = self.position == self.read_to
        self.fetched = min(2 * self.fetched, MOST_FETCHED) if reads_on else LEAST_FETCHED
        return self.fetched
