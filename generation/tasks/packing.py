"""Writing a dataset's files: the manifest, the bundle parts and the records that find an image in them.

What grows with the number of images goes to temporary files.
"""

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import default_storage

from generation import bundles, covers, manifests, statements
from generation.manifests import IMAGE_INDEX, LINE_INDEX, RECORD
from generation.models import DatasetFile, GenerationJob
from generation.readings import without_sources
from generation.zips import StoredZip

from . import shards
from .twins import Replaced
from .watching import Watch

Kind = DatasetFile.Kind
CHECK_EVERY = 256


@dataclass
class Packer:
    job: GenerationJob
    folder: str
    public_id: uuid.UUID
    watch: Watch
    # Told how many images are packed, and of how many.
    told: Callable[[int, int], None] = lambda done, of: None
    files: list[DatasetFile] = field(default_factory=list)
    image_index: IO[bytes] = field(default_factory=shards.temporary)
    labels: Counter[str] = field(default_factory=Counter)
    shown: list[bytes] = field(default_factory=list)

    def pack(
        self, done: Sequence[shards.Shard], replaced: Replaced, report: dict[str, Any], sheet: bytes
    ) -> list[DatasetFile]:
        """`report` is told how many images there are of each label."""
        total = sum(shard.count for shard in done)
        with self.manifest(done, replaced) as manifest:
            if self.labels:
                report["label_counts"] = dict(sorted(self.labels.items()))
            quality = json.dumps(without_sources(report), ensure_ascii=False, indent=1, sort_keys=True).encode()
            self.parts(self.images(done, replaced), total, manifest, quality)
        self.store_bytes(Kind.REPORT, 1, "quality.json", quality)
        self.store_bytes(Kind.CONTACT_SHEET, 1, "contact-sheet.png", sheet)
        self.store_bytes(Kind.COVER, 1, "cover.png", covers.strip(self.shown))
        with self.image_index as index:
            self.store(Kind.INDEX, IMAGE_INDEX, "images.index", index)
        self.name_parts()
        return self.files

    def manifest(self, done: Sequence[shards.Shard], replaced: Replaced) -> IO[bytes]:
        file, at = shards.temporary(), 0
        with shards.temporary() as index:
            for number, made in enumerate(self.lines(done, replaced)):
                line = manifests.line(manifests.as_entry(number, made))
                index.write(RECORD.pack(0, len(line), at))
                at += file.write(line)
                if made["label"] is not None:
                    self.labels[made["label"]] += 1
            self.store(Kind.MANIFEST, 1, "manifest.jsonl", file)
            self.store(Kind.INDEX, LINE_INDEX, "manifest.index", index)
        return file

    def lines(self, done: Sequence[shards.Shard], replaced: Replaced) -> Iterator[manifests.Entry]:
        for shard in done:
            self.watch.check()
            for made in shards.lines(shard):
                yield replaced[made["slot"]][0] if made["slot"] in replaced else made

    def images(self, done: Sequence[shards.Shard], replaced: Replaced) -> Iterator[tuple[manifests.Entry, bytes]]:
        for shard in done:
            for made, png in shards.images(shard):
                yield replaced.get(made["slot"], (made, png))

    def parts(
        self, images: Iterator[tuple[manifests.Entry, bytes]], total: int, manifest: IO[bytes], quality: bytes
    ) -> None:
        part, on_cover = Part(1), set(covers.indexes(total))
        try:
            for number, (made, png) in enumerate(images):
                if number in on_cover:
                    self.shown.append(png)
                if part.is_full(len(png)):
                    self.finish(part, manifest, quality)
                    part = Part(part.number + 1)
                offset = part.add_image(manifests.file_name(number, made["label"]), png, made.get("crc"))
                self.image_index.write(RECORD.pack(part.number, len(png), offset))
                if number % CHECK_EVERY == 0:
                    self.watch.check()
                    self.told(number, total)
            self.finish(part, manifest, quality)
        finally:
            part.close()

    def finish(self, part: "Part", manifest: IO[bytes], quality: bytes) -> None:
        """The first part also holds what describes the whole dataset."""
        tail: dict[str, bytes] = {}
        if part.number == 1:
            part.archive.copy("manifest.jsonl", manifest)
            part.archive.add("quality.json", quality)
            tail = statements.owner_tail(self.job, self.files[0].sha256, hashlib.sha256(quality).hexdigest())
        prefix = part.end(tail)
        stored = self.store(Kind.BUNDLE, part.number, f"part-{part.number:05d}.zip", part.file)
        stored.prefix, stored.images = prefix, part.images
        part.close()

    def name_parts(self) -> None:
        parts = [file for file in self.files if file.kind == Kind.BUNDLE]
        stem = bundles.stem(self.job.source_set.name, self.public_id)
        for part in parts:
            part.name = bundles.part_name(stem, part.number, len(parts))

    def store(self, kind: str, number: int, name: str, file: IO[bytes]) -> DatasetFile:
        digest, key = bundles.digest_of(file), f"{self.folder}/{name}"
        default_storage.save(key, File(file))
        stored = DatasetFile(kind=kind, number=number, name=name, key=key, size=file.seek(0, 2), sha256=digest)
        self.files.append(stored)
        return stored

    def store_bytes(self, kind: str, number: int, name: str, content: bytes) -> DatasetFile:
        with shards.temporary() as file:
            file.write(content)
            return self.store(kind, number, name, file)


class Part:
    """One zip on its way, in a temporary file."""

    def __init__(self, number: int) -> None:
        self.number, self.images = number, 0
        self.file = shards.temporary()
        self.archive = StoredZip(self.file)

    def is_full(self, more: int) -> bool:
        return self.images >= bundles.PART_IMAGES or self.archive.size + more > bundles.PART_BYTES

    def add_image(self, name: str, png: bytes, crc: int | None) -> int:
        """Returns where in the part the content begins."""
        self.images += 1
        return self.archive.add(name, png, crc)

    def end(self, tail: dict[str, bytes]) -> int:
        """Returns how many bytes come before the tail."""
        prefix = self.archive.size
        for name, content in sorted(tail.items()):
            self.archive.add(name, content)
        self.archive.end()
        return prefix

    def close(self) -> None:
        self.file.close()


def content_hash(files: list[DatasetFile]) -> str:
    hashes = {file.kind: file.sha256 for file in files}
    return hashlib.sha256(f"{hashes[Kind.MANIFEST]} {hashes[Kind.REPORT]}".encode()).hexdigest()
