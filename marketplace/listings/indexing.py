"""Keeps the shelf's entries as their listings are. Call `index` after whatever changes what is found, or its order."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction
from django.utils.translation import override

from . import bands, spelling
from .facets import FACETS, cheapness
from .markdown import words as plain
from .models import Listing, ListingQuerySet, ListingVersion, ShelfEntry, ShelfWord, Subject
from .words import TITLE, indexed, runs

# Of a description only how it starts: what comes later tells of other things.
START = 300
MOST_LABELS = 100
TOGETHER = 500
# Few ratings stay near three of five stars, where a listing without any stands.
PRIOR_RATINGS, PRIOR_STARS = 5, 3


def index(listing: Listing) -> None:
    """Reads the listing anew; what is not published is taken off the shelf."""
    current = on_sale().filter(pk=listing.pk).first()
    if current is None or current.current is None:
        return drop(listing)
    with transaction.atomic():
        ShelfEntry.objects.update_or_create(listing=current, defaults=fields_of(current, current.current))
        spelling.learn(vocabulary(current.current))


def drop(listing: Listing) -> None:
    ShelfEntry.objects.filter(listing_id=listing.pk).delete()


def rank(listing_id: int) -> None:
    """After a sale, a refund or a rating."""
    for sales, stars, ratings in Listing.objects.filter(pk=listing_id).values_list(
        "sales_count", "rating_sum", "rating_count"
    ):
        ShelfEntry.objects.filter(listing_id=listing_id).update(sales=sales, rating=rating(stars, ratings))


def on_sale() -> ListingQuerySet:
    return Listing.objects.published().select_related("seller", "current__dataset", "current__licence")


def rebuild() -> int:
    """Every entry and the vocabulary, in one transaction: until it ends searches find what was there."""
    with transaction.atomic():
        ShelfEntry.objects.all().delete()
        ShelfWord.objects.all().delete()
        return fill()


def fill() -> int:
    """Entries of published listings that have none. Returns how many."""
    counted: Counter[str] = Counter()
    made = 0
    for listings in batches(on_sale().filter(shelf_entry__isnull=True).order_by("published_at")):
        versions = [(listing, listing.current) for listing in listings if listing.current]
        entries = [ShelfEntry(listing=listing, **fields_of(listing, version)) for listing, version in versions]
        ShelfEntry.objects.bulk_create(entries)
        for _listing, version in versions:
            counted.update(vocabulary(version))
        made += len(entries)
    spelling.keep(counted)
    return made


def batches(rows: ListingQuerySet) -> Iterator[list[Listing]]:
    waiting = list(rows.values_list("pk", flat=True))
    for at in range(0, len(waiting), TOGETHER):
        yield list(rows.filter(pk__in=waiting[at : at + TOGETHER]))


def fields_of(listing: Listing, version: ListingVersion) -> dict[str, Any]:  # Any: the columns of ShelfEntry
    dataset = version.dataset
    fields = {
        "subject": version.subject,
        "resolution": dataset.resolution,
        "count": dataset.count,
        "labelled": bool(dataset.labels),
        "licence": version.licence.code,
        "currency": version.currency,
        "quality": bands.quality_band(dataset.report),
        "copies": bands.copy_band(dataset.report),
        "published_at": listing.published_at,
        "cheapness": cheapness(version.price, version.currency),
        "sales": listing.sales_count,
        "rating": rating(listing.rating_sum, listing.rating_count),
    }
    words = [*words_of(listing, version), *terms_of(fields)]
    return fields | {"words": " ".join(dict.fromkeys(words))}


def rating(stars: int, ratings: int) -> int:
    """In thousandths of a star."""
    return 1_000 * (stars + PRIOR_RATINGS * PRIOR_STARS) // (ratings + PRIOR_RATINGS)


def words_of(listing: Listing, version: ListingVersion) -> Iterator[str]:
    for term in indexed(version.title, letters=True):
        yield from (term, TITLE + term)
    yield from indexed(" ".join(version.tags), letters=True)
    for text in (start(version), listing.seller.name, *named(Subject(version.subject)), *labels(version)):
        yield from indexed(text)


def start(version: ListingVersion) -> str:
    return plain(version.description)[:START]


def labels(version: ListingVersion) -> list[str]:
    return [str(label) for label in version.dataset.labels[:MOST_LABELS]]


def named(subject: Subject) -> Iterator[str]:
    for language in ("en", "ko"):
        with override(language):
            yield str(subject.label)


def terms_of(fields: dict[str, Any]) -> Iterator[str]:
    for facet in FACETS.values():
        yield from facet.held(fields[facet.column])


def vocabulary(version: ListingVersion) -> set[str]:
    texts: Iterable[str] = (version.title, *version.tags, start(version), *labels(version))
    return {run for text in texts for run in runs(text)}
