"""What is downloaded: zip parts, stored and not deflated, whose tail can be exchanged without rewriting an image."""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from . import ranges
from .models import Dataset, DatasetFile

PART_IMAGES = 50_000
PART_BYTES = 4 * 10**9
CHUNK_BYTES = 1 << 20
# Fixed, so that the same images make the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)
UNIX = 3
PLAIN_FILE = 0o100644 << 16


@dataclass(frozen=True)
class Segment:
    """A piece of a stored file."""

    key: str
    start: int
    length: int


@dataclass(frozen=True)
class Bundle:
    name: str
    size: int
    sha256: str
    segments: list[Segment]
    made_at: datetime


@dataclass(frozen=True)
class TailInfo:
    """A tail, and size, hash and pieces of the whole bundle that ends with it."""

    size: int
    sha256: str
    segments: list[Segment]


def owner_bundles(dataset: Dataset) -> list[Bundle]:
    parts = dataset.files.filter(kind=DatasetFile.Kind.BUNDLE).order_by("number")
    return [whole(part, dataset.created_at) for part in parts]


def whole(part: DatasetFile, made_at: datetime) -> Bundle:
    return Bundle(part.name, part.size, part.sha256, [Segment(part.key, 0, part.size)], made_at)


def part_name(stem: str, number: int, parts: int) -> str:
    return f"{stem}.zip" if parts == 1 else f"{stem}-{number:05d}-of-{parts:05d}.zip"


def digest_of(file: IO[bytes]) -> str:
    """SHA-256 of the whole file, left rewound."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # any binary file does
    file.seek(0)
    return digest


def entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=EPOCH)
    info.create_system, info.external_attr = UNIX, PLAIN_FILE
    return info


def write_tail(part: DatasetFile, files: Mapping[str, bytes], key: str) -> TailInfo:
    """Stores at `key` the entries `files` and a directory of the part's images and them.

    The part's first `prefix` bytes and this tail are a whole zip.
    """
    tail = tail_bytes(kept_entries(part), files, part.prefix)
    default_storage.save(key, ContentFile(tail))
    digest = hashlib.sha256()
    for chunk in chunks(Segment(part.key, 0, part.prefix)):
        digest.update(chunk)
    digest.update(tail)
    segments = [Segment(part.key, 0, part.prefix), Segment(key, 0, len(tail))]
    return TailInfo(part.prefix + len(tail), digest.hexdigest(), segments)


def kept_entries(part: DatasetFile) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(ranges.opened(part.key, part.size)) as archive:
        return [info for info in archive.infolist() if info.header_offset < part.prefix]


def tail_bytes(kept: list[zipfile.ZipInfo], files: Mapping[str, bytes], prefix: int) -> bytes:
    tail = Tail(prefix)
    with zipfile.ZipFile(tail, "w", zipfile.ZIP_STORED) as archive:
        archive.filelist.extend(kept)
        archive.NameToInfo.update({info.filename: info for info in kept})
        for name, content in sorted(files.items()):
            archive.writestr(entry(name), content)
    return tail.getvalue()


class Tail(io.BytesIO):
    """The end of a file whose first `start` bytes lie elsewhere: positions count from the file's beginning."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self.start = start

    def tell(self) -> int:
        return self.start + super().tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.start + super().seek(offset - self.start if whence == io.SEEK_SET else offset, whence)


def chunks(segment: Segment) -> Iterator[bytes]:
    with default_storage.open(segment.key) as file:
        file.seek(segment.start)
        left = segment.length
        while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
