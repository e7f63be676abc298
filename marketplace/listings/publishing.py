"""From an approved version to goods on the shelf."""

import json
from datetime import datetime, timedelta

import django_rq
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from redis.exceptions import RedisError

from generation import bundles
from generation.models import DatasetFile
from marketplace.accounts import background, letters

from . import cards, telling
from .indexing import index
from .models import BundleTail, Listing, ListingVersion

# RQ's words for a ticket that somebody still sees to.
ALIVE = ("queued", "started", "deferred", "scheduled")
# A ticket that failed is tried again no sooner than this.
PAUSE = timedelta(minutes=1)


def approve(version: ListingVersion) -> bool:
    """Staff said yes: the version goes on sale as soon as a worker wrote its files. False if it no longer waits."""
    waiting = Listing.objects.filter(pk=version.listing_id, in_review=version, approved_at__isnull=True)
    won = bool(waiting.update(approved_at=timezone.now()))
    if won:
        background.later(publish, version.pk)
    return won


def publish(version_id: int) -> bool:
    """The errand. False if there was nothing to do: published already, or withdrawn meanwhile."""
    approved = ListingVersion.objects.filter(in_review_of__approved_at__isnull=False)
    version = approved.select_related("listing__seller", "dataset", "licence").filter(pk=version_id).first()
    return version is not None and put_on_sale(version, build_tails(version))


def resume() -> int:
    """Approved versions that no worker knows of: their ticket was lost, or their worker was."""
    approved = Listing.objects.filter(approved_at__isnull=False).values_list("in_review_id", flat=True)
    lost = [version_id for version_id in approved if not seen_to(version_id)]
    for version_id in lost:
        background.put(publish, version_id)
    return len(lost)


def seen_to(version_id: int) -> bool:
    """True also where the queue can't be asked."""
    try:
        job = django_rq.get_queue(background.QUEUE).fetch_job(background.ticket(publish, version_id))
        return job is not None and (job.get_status() in ALIVE or rests(job.ended_at))
    except (RedisError, OSError):
        return True


def rests(ended_at: datetime | None) -> bool:
    return ended_at is not None and timezone.now() - ended_at < PAUSE


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
    approved = Listing.objects.filter(pk=version.listing_id, in_review=version, approved_at__isnull=False)
    with transaction.atomic():
        earlier_id = approved.values_list("current_id", flat=True).first() or 0
        won = approved.update(
            state=Listing.State.PUBLISHED,
            current=version,
            in_review=None,
            approved_at=None,
            # A new version does not move the listing to the top again.
            published_at=Coalesce("published_at", Value(timezone.now())),
        )
        if won:
            BundleTail.objects.bulk_create(tails)
            index(version.listing)
            background.later(tell_of_sale_begun, version.pk, otherwise=tell_of_sale_begun)
            background.later(telling.tell_of_sale, version.pk, earlier_id, otherwise=telling.tell_of_sale)
    return bool(won)


def tell_of_sale_begun(version_id: int) -> None:
    version = ListingVersion.objects.select_related("listing__seller").filter(pk=version_id).first()
    if version is not None:
        letters.write(version.listing.seller, "listings/on_sale.txt", {"version": version, "listing": version.listing})
