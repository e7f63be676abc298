"""The free sample: drawn by the platform from a published seed, and part of the sold files byte for byte."""

import hashlib
import io
import json
import zipfile

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from generation import gallery
from generation.downloads import bytes_response

from .models import ListingVersion

SAMPLE_SIZE = 16
# The page shows more of the same draw, small and marked.
SHOWN = 24
# One fixed time in every entry, so that the same sample has the same bytes.
ENTRY_TIME = (2026, 1, 1, 0, 0, 0)

HOW_TO_CHECK = """\
Free sample of “{title}”, version {number}
{url}

Drawn by the platform, not chosen by the seller.
  seed          {seed}
  content hash  {content_hash}
  images        {count}

To draw it again: for i = 0, 1, 2, ... take SHA-256 of the text "seed:content hash:i" and read its first 8 bytes as
a big-endian number; the remainder by the number of images is a position in manifest.jsonl, counted from 0. The first
{size} different positions are the sample.

To find it in the sold bundle: each file has there the same path and the same SHA-256 as here:
{files}
"""


def sample_indexes(version: ListingVersion) -> list[int]:
    return drawn(version, SAMPLE_SIZE)


def drawn(version: ListingVersion, most: int) -> list[int]:
    """One draw, however many are wanted: whoever takes more of it begins with the same."""
    count, wanted = version.dataset.count, min(most, version.dataset.count)
    drawn: dict[int, None] = {}
    step = 0
    while len(drawn) < wanted:
        digest = hashlib.sha256(f"{version.sample_seed}:{version.dataset.content_hash}:{step}".encode()).digest()
        drawn.setdefault(int.from_bytes(digest[:8]) % count)
        step += 1
    return list(drawn)


def sample_zip(version: ListingVersion) -> bytes:
    entries = [gallery.entry(version.dataset, index) for index in sample_indexes(version)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for index, entry in zip(sample_indexes(version), entries, strict=True):
            add(archive, entry["file"], gallery.image_bytes(version.dataset, index))
        add(archive, "manifest.jsonl", "".join(json.dumps(entry) + "\n" for entry in entries).encode())
        add(archive, "LICENSE.txt", version.licence.text.encode())
        add(archive, "SAMPLE.txt", how_to_check(version, entries).encode())
    return buffer.getvalue()


def sample_response(request: HttpRequest, version: ListingVersion) -> HttpResponseBase:
    """The page and the API offer the same file."""
    name = f"sample-{version.listing.public_id}.zip"
    return bytes_response(request, name, sample_zip(version), version.sealed_at or version.updated_at)


def add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, ENTRY_TIME), data)


def how_to_check(version: ListingVersion, entries: list[dict[str, str]]) -> str:
    return HOW_TO_CHECK.format(
        title=version.title,
        number=version.number,
        url=version.listing.address,
        seed=version.sample_seed,
        content_hash=version.dataset.content_hash,
        count=version.dataset.count,
        size=len(entries),
        files="\n".join(f"{entry['sha256']}  {entry['file']}" for entry in entries),
    )
