"""From an approved version to goods on the shelf."""

import json

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from generation import bundles
from generation.models import DatasetFile

from . import cards, drafts
from .models import BundleTail, Listing, ListingVersion
from .search import search_text


def publish(version: ListingVersion) -> bool:
    """Puts the version on sale. False if it no longer waits for that: decided elsewhere, or withdrawn."""
    if not version.sealed_at:
        drafts.seal(version)
        version.refresh_from_db()
        drafts.queue(version.listing, version)
    return put_on_sale(version, build_tails(version))


def build_tails(version: ListingVersion) -> list[BundleTail]:
    """Writes what publishing adds to the first part, outside any transaction: it reads the whole part to hash it.

    Run twice it writes the same bytes to the same key. Parts after the first are sold as they are.
    """
    first = version.dataset.files.filter(kind=DatasetFile.Kind.BUNDLE).order_by("number").first()
    if first is None:
        raise ValueError(f"Dataset {version.dataset_id} has no bundle.")
    key = f"listings/{version.listing.public_id}/v{version.number}/{first.name}.tail"
    info = bundles.write_tail(first, added_files(version), key)
    tail_size = sum(segment.length for segment in info.segments if segment.key == key)
    return [BundleTail(version=version, part=first, key=key, size=tail_size, sha256=info.sha256)]


def added_files(version: ListingVersion) -> dict[str, bytes]:
    added = {
        "README.md": cards.card(version).encode(),
        "croissant.json": json.dumps(cards.croissant(version), ensure_ascii=False, indent=2).encode(),
        "LICENSE.txt": version.licence.text.encode(),
    }
    return added | {"checksums.sha256": cards.checksums(version, added)}


def put_on_sale(version: ListingVersion, tails: list[BundleTail]) -> bool:
    waiting = Listing.objects.filter(
        pk=version.listing_id,
        in_review=version,
        state__in=(Listing.State.IN_REVIEW, Listing.State.PUBLISHED),
    )
    with transaction.atomic():
        won = waiting.update(
            state=Listing.State.PUBLISHED,
            current=version,
            in_review=None,
            # A new version does not move the listing to the top again.
            published_at=Coalesce("published_at", Value(timezone.now())),
            search_text=search_text(version),
        )
        if won:
            BundleTail.objects.bulk_create(tails)
    return bool(won)
