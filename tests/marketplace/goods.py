"""Datasets, listings and purchases without training: the files are real, the report is made up."""

import hashlib
import io
import itertools
import json
import uuid
import zipfile
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from generation import bundles, manifests, refinements, statements
from generation.engine.config import RecipeRequest, resolve
from generation.models import Dataset, DatasetFile, GenerationJob, Generator, SourceImage, SourceSet
from marketplace.accounts.models import User
from marketplace.listings import drafts, publishing
from marketplace.listings.licences import WORDINGS
from marketplace.listings.models import Licence, Listing
from marketplace.purchases import checkout
from marketplace.purchases.models import Purchase

SIDE = 8
Kind = DatasetFile.Kind
serial = itertools.count()
# A declaration that staff have nothing to ask about.
NOTHING_TO_ASK = {"people": "none", "minors": "none", "third_party": "none", "releases": "unneeded"}
REPORT = {
    "images": 80,
    "likeness": {"compared_with": "holdout", "n": 80, "swd": {"8": 21.0, "avg": 21.0}, "swd_floor": {"avg": 17.5}},
    "copies": {
        "compared_with": "train",
        "threshold": 0.21,
        "found": 0,
        "rate": 0.0,
        "nearest": [{"image": 3, "source": hashlib.sha256(b"source 0").hexdigest(), "distance": 0.34}],
    },
    "duplicates": {"compared_with": "each other", "identical": 0, "rate": 0.0},
}


def picture(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.frombytes("RGB", (SIDE, SIDE), hashlib.sha512(str(number).encode()).digest() * 3).save(buffer, "PNG")
    return buffer.getvalue()


def source_set_of(user: User) -> SourceSet:
    source_set = SourceSet.objects.create(owner=user, name="Shirts")
    source_set.declare({"owns_rights": True, "no_recognisable_people": True})
    for number in range(3):
        data, key = picture(-number), f"source-sets/{source_set.public_id}/{number}.png"
        default_storage.save(key, ContentFile(data))
        SourceImage.objects.create(
            source_set=source_set, number=number, file_name=f"{user.name}-{number}.png", verdict="accepted", key=key,
            pixel_sha256=hashlib.sha256(f"source {number}".encode()).hexdigest(), width=SIDE, height=SIDE,
        )  # fmt: skip
    source_set.seal()
    return source_set


def dataset_of(user: User, count: int = 80, labels: list[str] | None = None) -> Dataset:
    source_set, first = source_set_of(user), next(serial) * 10_000
    generator = Generator.objects.create(
        owner=user, source_set=source_set, source_fingerprint=source_set.fingerprint, recipe=recipe(labels or []),
        checkpoint_key="generators/test", sha256="c" * 64, size=1,
    )  # fmt: skip
    job = GenerationJob.objects.create(
        owner=user, source_set=source_set, count=count, seed=1, requested={}, generator=generator, first_slot=first,
        state="succeeded", finished_at=timezone.now(),
    )  # fmt: skip
    dataset = Dataset.objects.create(
        owner=user, job=job, generator=generator, name="Shirts", count=count, first_slot=first, resolution=SIDE,
        channels=3, labels=labels or [], size=0, content_hash=uuid.uuid4().hex * 2, report=REPORT,
    )  # fmt: skip
    pack(dataset, [picture(first + number) for number in range(count)])
    return dataset


def recipe(labels: list[str]) -> dict[str, Any]:
    settled = resolve(RecipeRequest("quick", 28), images=80, channels=3).to_dict()
    return settled | {"resolution": SIDE, "classes": labels}


def label(dataset: Dataset, number: int) -> str | None:
    return dataset.labels[number % len(dataset.labels)] if dataset.labels else None


def refined_of(dataset: Dataset, rejected: set[int]) -> Dataset:
    """As a job would have made it, with other images in the places of those rejected."""
    before = dataset.job
    job = GenerationJob.objects.create(
        owner=dataset.owner, source_set=before.source_set, count=dataset.count, seed=2, requested={}, parent=before,
        generator=dataset.generator, first_slot=next(serial) * 10_000, origin="refined", state="succeeded",
        finished_at=timezone.now(),
    )  # fmt: skip
    refinements.begin(job, dataset, rejected)
    refined = Dataset.objects.create(
        owner=dataset.owner, job=job, generator=dataset.generator, name=dataset.name, count=dataset.count,
        first_slot=job.first_slot, resolution=SIDE, channels=3, labels=dataset.labels, size=0, version=2,
        content_hash=uuid.uuid4().hex * 2, report=REPORT,
    )  # fmt: skip
    first = dataset.first_slot
    pack(refined, [picture(job.first_slot + n if n in rejected else first + n) for n in range(dataset.count)])
    return refined


def pack(dataset: Dataset, images: list[bytes]) -> None:
    """One zip part, manifest and index records, laid out as the worker does it."""
    entries = [entry(dataset, number, png) for number, png in enumerate(images)]
    lines = [manifests.line(one) for one in entries]
    manifest, quality = b"".join(lines), json.dumps(dataset.report).encode()
    part, prefix, records = zipped(dataset, images, manifest, quality)
    store(dataset, Kind.BUNDLE, "shirts.zip", part, prefix=prefix, images=len(images))
    store(dataset, Kind.MANIFEST, "manifest.jsonl", manifest)
    store(dataset, Kind.REPORT, "quality.json", quality)
    store(dataset, Kind.CONTACT_SHEET, "contact-sheet.png", images[0])
    store(dataset, Kind.INDEX, "images.index", records, number=manifests.IMAGE_INDEX)
    starts = itertools.accumulate((len(line) for line in lines), initial=0)
    at = b"".join(manifests.RECORD.pack(0, len(line), start) for line, start in zip(lines, starts, strict=False))
    store(dataset, Kind.INDEX, "manifest.index", at, number=manifests.LINE_INDEX)
    Dataset.objects.filter(pk=dataset.pk).update(size=len(part))


def entry(dataset: Dataset, number: int, png: bytes) -> manifests.Entry:
    made = {
        "slot": dataset.first_slot + number,
        "attempt": 0,
        "seed": "1",
        "label": label(dataset, number),
        "distance": 0.5,
    }
    return manifests.as_entry(number, made | {"sha256": hashlib.sha256(png).hexdigest()})


def zipped(dataset: Dataset, images: list[bytes], manifest: bytes, quality: bytes) -> tuple[bytes, int, bytes]:
    buffer, records = io.BytesIO(), b""
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number, png in enumerate(images):
            archive.writestr(bundles.entry(manifests.file_name(number, label(dataset, number))), png)
            records += manifests.RECORD.pack(1, len(png), archive.start_dir - len(png))
        archive.writestr(bundles.entry("manifest.jsonl"), manifest)
        archive.writestr(bundles.entry("quality.json"), quality)
        prefix = archive.start_dir
        hashes = [hashlib.sha256(data).hexdigest() for data in (manifest, quality)]
        for name, content in sorted(statements.owner_tail(dataset.job, *hashes).items()):
            archive.writestr(bundles.entry(name), content)
    return buffer.getvalue(), prefix, records


def store(dataset: Dataset, kind: str, name: str, data: bytes, number: int = 1, **fields: int) -> None:
    key = f"datasets/{dataset.public_id}/{name}"
    default_storage.save(key, ContentFile(data))
    DatasetFile.objects.create(
        dataset=dataset, kind=kind, number=number, name=name, key=key, size=len(data),
        sha256=hashlib.sha256(data).hexdigest(), **fields,
    )  # fmt: skip


def licence() -> Licence:
    """The migration makes it; a test that empties the tables takes it away."""
    wording = WORDINGS[0]
    return Licence.objects.get_or_create(code=wording["code"], version=wording["version"], defaults=wording)[0]


def draft_of(seller: User, dataset: Dataset | None = None, **fields: object) -> Listing:
    words: dict[str, object] = {
        "title": "Generated shirts", "description": "Plain.", "tags": ["shirt"], "price": 9_900,
        "declaration": NOTHING_TO_ASK,
    }  # fmt: skip
    return drafts.create(seller, dataset or dataset_of(seller, 20), licence=licence(), **words | fields)


def submitted_of(seller: User, dataset: Dataset | None = None, **fields: object) -> Listing:
    listing = draft_of(seller, dataset, **fields)
    assert drafts.submit(listing)
    return listing


def published_of(seller: User, dataset: Dataset | None = None, **fields: object) -> Listing:
    return published(submitted_of(seller, dataset, **fields))


def published(listing: Listing) -> Listing:
    """What staff and a worker do with a submitted listing."""
    version = listing.in_review
    assert version
    assert publishing.approve(version)
    assert publishing.publish(version.pk)
    listing.refresh_from_db()
    return listing


def bought(buyer: User, listing: Listing, key: str = "one") -> Purchase:
    return checkout.buy(buyer, listing.current, key, licence_accepted=True, delivery_consent=True)
