"""What is downloaded: zip parts, stored and not deflated, whose tail can be exchanged without rewriting an image."""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.text import slugify

from . import bucket, joining, leftovers, ranges
from .models import Dataset, DatasetFile

PART_IMAGES = 50_000
PART_BYTES = 4 * 10**9
MOST_IN_STEM = 60
CHUNK_BYTES = 1 << 20
# Fixed, so that the same images make the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)
PART_OF = re.compile(r"-\d{5}-of-\d{5}$")
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
    """A file to download: pieces of stored ones, or a small text that lies in memory."""

    name: str
    size: int
    sha256: str
    segments: list[Segment]
    made_at: datetime
    text: bytes | None = None


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


def in_memory(name: str, text: bytes, made_at: datetime) -> Bundle:
    return Bundle(name, len(text), hashlib.sha256(text).hexdigest(), [], made_at, text)


def stem(name: str, public_id: UUID) -> str:
    """In whatever script the name is; short enough that three bytes a letter still make a file name."""
    words = slugify(name, allow_unicode=True)[:MOST_IN_STEM].strip("-_")
    return f"{words or 'dataset'}-{public_id.hex[:8]}"


def part_name(stem: str, number: int, parts: int, suffix: str = "zip") -> str:
    return f"{stem}.{suffix}" if parts == 1 else f"{stem}-{number:05d}-of-{parts:05d}.{suffix}"


def stem_of(dataset: Dataset) -> str:
    """What the names of all its files begin with. No query where they were fetched along."""
    parts = [row for row in dataset.files.all() if row.kind == DatasetFile.Kind.BUNDLE]
    first = min(parts, key=lambda row: row.number).name if parts else "dataset"
    return PART_OF.sub("", first.removesuffix(".zip"))


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


def with_tail(part: DatasetFile, key: str, size: int, sha256: str, made_at: datetime) -> Bundle:
    """The part's images and the tail at `key`, which has so many bytes; the hash is of both together."""
    whole_size = part.prefix + size
    segments = [Segment(part.key, 0, part.prefix), Segment(key, 0, size)]
    if bucket.is_used():
        segments = [Segment(joined_key(key), 0, whole_size)]
    return Bundle(part.name, whole_size, sha256, segments, made_at)


def joined_key(key: str) -> str:
    """Where a store that hands files out itself has the images and the tail at `key` as one file."""
    return f"{key}.joined"


def join_again(part: DatasetFile, key: str, size: int) -> bool:
    """In a bucket to which a folder's files were copied. False where the two are one file already."""
    if bucket.length(joined_key(key)) == part.prefix + size:
        return False
    joining.join(joined_key(key), part.key, part.prefix, ranges.read(key, 0, size))
    return True


def remove_tail(key: str) -> None:
    for file in [key, joined_key(key)] if bucket.is_used() else [key]:
        leftovers.remove_file(file)


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
    if bucket.is_used():
        joining.join(joined_key(key), part.key, part.prefix, tail)
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
    with ranges.opened(segment.key, segment.start + segment.length) as file:
        file.seek(segment.start)
        left = segment.length
        while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
