"""Shard files: the encoded images of some slots and a line about each, until the dataset is packed.

The images one after another, then the lines, then the number of bytes of the lines.
"""

import io
import json
import struct
import tempfile
import zlib
from collections.abc import Iterator
from typing import IO, Self

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

    def store(self, key: str) -> str:
        lines = b"".join(self.lines)
        self.file.write(lines + LENGTH.pack(len(lines)))
        digest = bundles.digest_of(self.file)
        default_storage.save(key, File(self.file))
        return digest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()


def lines(shard: JobTask) -> list[Entry]:
    size = default_storage.size(shard.output_key)
    (length,) = LENGTH.unpack(ranges.read(shard.output_key, size - LENGTH.size, LENGTH.size))
    text = ranges.read(shard.output_key, size - LENGTH.size - length, length)
    return [json.loads(line) for line in text.splitlines()]


def images(shard: JobTask, chosen: set[int] | None = None) -> Iterator[tuple[Entry, bytes]]:
    """What the shard made, by ascending slot; of `chosen` positions only, if given."""
    with ranges.opened(shard.output_key) as file:
        for number, made in enumerate(lines(shard)):
            if chosen is None or number in chosen:
                yield made, file.read(made["size"])
            else:
                file.seek(made["size"], io.SEEK_CUR)


def pixels_of(png: bytes, channels: int) -> Pixels:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image).reshape(image.height, image.width, channels)
