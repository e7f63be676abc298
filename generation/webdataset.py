"""WebDataset: a tar of images under the paths that they have in the zip parts, each with what is known of it.

Beside `images/00000000.png` lies its line of the manifest as `.json`, and its label's number as `.cls` where there are
labels. The same images make the same bytes.
"""

import json
import tarfile
from collections.abc import Iterable
from typing import IO

from .manifests import Entry

MODE = 0o644
# GNU tar, too, fills its last record up.
RECORD = tarfile.RECORDSIZE


def write(file: IO[bytes], images: Iterable[tuple[Entry, bytes]], labels: list[str]) -> None:
    size = 0
    numbers = {label: number for number, label in enumerate(labels)}
    for entry, png in images:
        key = entry["file"].removesuffix(".png")
        for suffix, content in members(entry, png, numbers):
            size += file.write(member(f"{key}.{suffix}", content))
    end = 2 * tarfile.BLOCKSIZE
    file.write(bytes(end + -(size + end) % RECORD))


def members(entry: Entry, png: bytes, numbers: dict[str, int]) -> Iterable[tuple[str, bytes]]:
    yield "png", png
    if entry["label"] in numbers:
        yield "cls", str(numbers[entry["label"]]).encode()
    yield "json", json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()


def member(name: str, content: bytes) -> bytes:
    """Header, content, and zeros up to a whole block. Owner and time are nobody and never."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), MODE
    return header(info) + content + bytes(-len(content) % tarfile.BLOCKSIZE)


def header(info: tarfile.TarInfo) -> bytes:
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
    except ValueError:
        # The folder of a long label in a script of three bytes a letter.
        return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
