"""Shard files: the encoded images of some slots and a line about each, until the dataset is packed.

The images one after another, then the lines, then the number of bytes of the lines.
"""

import hashlib
import io
import json
import struct
import tempfile
import zlib
from collections.abc import Iterator
from typing import IO, Protocol, Self

import numpy as np
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from PIL import Image

from generation import bundles, manifests, ranges
from generation.engine.pictures import Pixels
from generation.manifests import Entry
from generation.models import GenerationJob, JobTask

LENGTH = struct.Struct("<Q")


class Damaged(Exception):
    """The file is not the one that was made, or is gone."""

    def __init__(self, shard: JobTask) -> None:
        super().__init__(f"{shard.output_key} is not as it was made")
        self.shard = shard


def temporary() -> IO[bytes]:
    folder = settings.VAR_DIR / "tmp"
    folder.mkdir(exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)


def done(job: GenerationJob) -> list[JobTask]:
    return list(job.tasks.filter(kind=JobTask.Kind.SAMPLE, state=JobTask.State.DONE).order_by("first"))


class ShardFile:
    """One being written. The line says slot, attempt, seed, label, distance and hash, and the file's size and CRC."""

    def __init__(self) -> None:
        self.file = temporary()
        self.lines: list[bytes] = []

    def add(self, made: Entry, png: bytes) -> None:
        self.file.write(png)
        self.lines.append(manifests.line(made | {"size": len(png), "crc": zlib.crc32(png)}))

    def end(self) -> str:
        """Writes what comes after the images; returns the whole file's SHA-256."""
        lines = b"".join(self.lines)
        self.file.write(lines + LENGTH.pack(len(lines)))
        return bundles.digest_of(self.file)

    def store(self, key: str) -> None:
        """May be tried again."""
        default_storage.save(key, File(self.file))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()


class Stretch(Protocol):
    """Images of a dataset that is being made, as a shard has them, but gathered from elsewhere."""

    @property
    def count(self) -> int: ...

    def lines(self) -> list[Entry]: ...

    def images(self, chosen: set[int] | None) -> Iterator[tuple[Entry, bytes]]: ...


Shard = JobTask | Stretch


def lines(shard: Shard) -> list[Entry]:
    if not isinstance(shard, JobTask):
        return shard.lines()
    try:
        size = default_storage.size(shard.output_key)
        (length,) = LENGTH.unpack(ranges.read(shard.output_key, size - LENGTH.size, LENGTH.size))
        text = ranges.read(shard.output_key, size - LENGTH.size - length, length)
        return [json.loads(line) for line in text.splitlines()]
    except (FileNotFoundError, OverflowError, ValueError, struct.error) as error:
        raise Damaged(shard) from error


def images(shard: Shard, chosen: set[int] | None = None) -> Iterator[tuple[Entry, bytes]]:
    """What the shard made, by ascending slot; of `chosen` positions only, if given. Raises Damaged: each image is held
    against its hash, and whoever reads the whole file learns at its end that of the file."""
    if not isinstance(shard, JobTask):
        yield from shard.images(chosen)
        return
    digest, found = hashlib.sha256(), lines(shard)
    with ranges.opened(shard.output_key) as file:
        for number, made in enumerate(found):
            if chosen is None or number in chosen:
                png = file.read(made["size"])
                if hashlib.sha256(png).hexdigest() != made["sha256"]:
                    raise Damaged(shard)
                digest.update(png)
                yield made, png
            else:
                file.seek(made["size"], io.SEEK_CUR)
        digest.update(file.read() if chosen is None else b"")
    if chosen is None and digest.hexdigest() != shard.sha256:
        raise Damaged(shard)


def pixels_of(png: bytes, channels: int) -> Pixels:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image).reshape(image.height, image.width, channels)
