"""What goes into a sold bundle beside the images: dataset card and checksums. Numbers come from the run alone."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils import translation

from generation import companions, gallery
from generation.models import DatasetFile

from .croissant import croissant
from .figures import figures
from .models import ListingVersion

__all__ = ["card", "checksums", "croissant"]

Kind = DatasetFile.Kind
PAGE = 5_000
SIZES = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")]

CARD = """\
---
{head}
---

# {title}

{description}

## What it is

{count} synthetic images of {resolution} × {resolution} pixels, {channels}, made by a generative adversarial network
that was trained on the seller's own images.{labels} None of them is a photograph; they may carry no copyright of
their own, and what you may do with them is said in `LICENSE.txt`.

## Quality report

{figures}

## Files

{files}

{reading}

## Where it is from

Seller: {seller}. Listing: {url}, version {number}. Content hash: `{content_hash}`.
Generator: `{generator}`, SHA-256 of its checkpoint `{checkpoint}`, trained on a source set with the fingerprint
`{fingerprint}`. Free sample: seed {seed}.
"""


BESIDE = """\
- `manifest.jsonl`: one line per image: file, sha256, slot, attempt, seed, label, distance to the nearest source image.
- `quality.json`: the whole quality report.
- `croissant.json`: this description for machines.
- `{checksums}`: check all files with `sha256sum -c {checksums}`."""
FILES = {
    Kind.BUNDLE: "- `images/`: the images, PNG.",
    Kind.TAR: "- `*.tar`: the images, PNG, and what is known of each, in shards.",
    Kind.PARQUET: "- `*.parquet`: the images, PNG, and what is known of each, in rows.",
}


def card(version: ListingVersion, kind: str = Kind.BUNDLE) -> str:
    """Markdown with a YAML head. In English in every language setting: the file must not depend on who approves."""
    dataset = version.dataset
    with translation.override("en"):
        return CARD.format(
            head="\n".join(
                f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head(version, kind).items()
            ),
            title=version.title,
            description=version.description,
            count=f"{dataset.count:,}",
            resolution=dataset.resolution,
            channels={1: "grey", 3: "colour", 4: "colour and transparent"}[dataset.channels],
            labels=companions.labels_in_words(dataset),
            files=f"{FILES[Kind(kind)]}\n{BESIDE.format(checksums=companions.checksums_name(dataset, kind))}",
            reading=companions.HOW_TO_READ[Kind(kind)].strip(),
            figures="\n".join(f"- **{one.name}: {one.value}.** {one.meaning}" for one in figures(dataset.report)),
            seller=version.listing.seller.name,
            url=version.listing.address,
            number=version.number,
            content_hash=dataset.content_hash,
            generator=dataset.generator.public_id,
            checkpoint=dataset.generator.sha256,
            fingerprint=dataset.generator.source_fingerprint,
            seed=version.sample_seed,
        )


def head(version: ListingVersion, kind: str) -> dict[str, Any]:  # Any: JSON values, which YAML reads as they are
    tasks = ["unconditional-image-generation"]
    return {
        "pretty_name": version.title,
        "license": "other",
        "license_name": f"{version.licence.code}-{version.licence.version}",
        "license_link": "LICENSE.txt",
        "tags": ["synthetic", "gan", "image", *version.tags],
        "size_categories": [size_category(version.dataset.count)],
        "task_categories": [*tasks, "image-classification"] if version.dataset.labels else tasks,
        "annotations_creators": ["machine-generated"],
        "source_datasets": ["original"],
        "configs": companions.configs(kind),
    }


def size_category(count: int) -> str:
    return next((name for limit, name in SIZES if count < limit), "1M<n<10M")


def checksums(version: ListingVersion, added: dict[str, bytes]) -> bytes:
    """In the form of sha256sum: every image of every part, manifest and report, and the files `added` here."""
    own = [(hashlib.sha256(data).hexdigest(), name) for name, data in added.items()]
    lines = (f"{digest}  {name}\n" for digest, name in [*described(version), *own])
    return "".join([*lines, *images(version)]).encode()


def described(version: ListingVersion) -> Iterator[tuple[str, str]]:
    names = {Kind.MANIFEST: "manifest.jsonl", Kind.REPORT: "quality.json"}
    for file in version.dataset.files.filter(kind__in=names):
        yield file.sha256, names[Kind(file.kind)]


def images(version: ListingVersion) -> Iterable[str]:
    for first in range(0, version.dataset.count, PAGE):
        for entry in gallery.entries(version.dataset, first, min(PAGE, version.dataset.count - first)):
            yield f"{entry['sha256']}  {entry['file']}\n"
