"""Shard files: the encoded images of some slots and a line about each, until the dataset is packed."""

import io
import json
import tempfile
import zipfile
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

LINES = "manifest.jsonl"


def temporary() -> IO[bytes]:
    folder = settings.VAR_DIR / "tmp"
    folder.mkdir(exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)


def done(job: GenerationJob) -> list[JobTask]:
    return list(job.tasks.filter(kind=JobTask.Kind.SAMPLE, state=JobTask.State.DONE).order_by("first"))


class ShardFile:
    """One being written. The line says slot, attempt, seed, label, distance and both hashes."""

    def __init__(self) -> None:
        self.file = temporary()
        self.archive = zipfile.ZipFile(self.file, "w", zipfile.ZIP_STORED)
        self.lines: list[bytes] = []

    def add(self, made: Entry, png: bytes) -> None:
        self.archive.writestr(bundles.entry(name(made["slot"])), png)
        self.lines.append(manifests.line(made))

    def store(self, key: str) -> str:
        self.archive.writestr(bundles.entry(LINES), b"".join(self.lines))
        self.archive.close()
        digest = bundles.digest_of(self.file)
        default_storage.save(key, File(self.file))
        return digest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.archive.close()
        self.file.close()


def name(slot: int) -> str:
    return f"{slot:012d}.png"


def lines(shard: JobTask) -> list[Entry]:
    with zipfile.ZipFile(ranges.opened(shard.output_key)) as archive:
        return [json.loads(line) for line in archive.read(LINES).splitlines()]


def images(shard: JobTask, chosen: set[int] | None = None) -> Iterator[tuple[Entry, bytes]]:
    """What the shard made, by ascending slot; of `chosen` positions only, if given."""
    with zipfile.ZipFile(ranges.opened(shard.output_key)) as archive:
        for number, line in enumerate(archive.read(LINES).splitlines()):
            if chosen is None or number in chosen:
                made = json.loads(line)
                yield made, archive.read(name(made["slot"]))


def pixels_of(png: bytes, channels: int) -> Pixels:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image).reshape(image.height, image.width, channels)
