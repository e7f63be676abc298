from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import Http404

from marketplace.accounts.models import User

from .models import BundleTail, Listing, ListingQuerySet, ListingVersion

Visitor = User | AnonymousUser


def listings() -> ListingQuerySet:
    """Listings with everything that a card or a page shows of them, in one query."""
    return Listing.objects.select_related("seller", "in_review", "current", "current__dataset", "current__licence")


def own_listings(user: User) -> ListingQuerySet:
    """A seller's listings in every state, newest first, with their versions."""
    versions = ListingVersion.objects.select_related("dataset", "licence")
    return listings().filter(seller=user).prefetch_related(Prefetch("versions", versions))


class OffSale(Http404):
    """It was public once and is not now: a page may say so, where a draft must not even seem to exist."""

    def __init__(self, listing: Listing) -> None:
        super().__init__()
        self.listing = listing


def listing_for(user: Visitor, public_id: UUID | str) -> Listing:
    """A published listing for anybody; in any state for its seller and for staff."""
    listing = found(listings().filter(public_id=public_id).first())
    insider = user.is_authenticated and (user.is_staff or user.pk == listing.seller_id)
    if insider or (listing.state == Listing.State.PUBLISHED and listing.current is not None):
        return listing
    raise OffSale(listing) if listing.published_at else Http404


def own_listing(user: Visitor, public_id: UUID | str) -> Listing:
    """For changing it: the seller alone."""
    return found(listings().filter(seller=user.pk, public_id=public_id).first())


def found(listing: Listing | None) -> Listing:
    if listing is None:
        raise Http404
    return listing


def others_of_seller(listing: Listing, most: int) -> ListingQuerySet:
    same = listings().published().filter(seller=listing.seller_id).exclude(pk=listing.pk)
    return same.order_by("-published_at")[:most]


def versions_sold(listing: Listing) -> QuerySet[ListingVersion]:
    """Those that are or were on sale, newest first: only what was published has a tail."""
    published = listing.versions.filter(Exists(BundleTail.objects.filter(version=OuterRef("pk"))))
    return published.select_related("dataset", "licence")


def version_for(user: Visitor, listing: Listing) -> ListingVersion:
    """What this person is shown: seller and staff the newest version, others what is on sale."""
    insider = user.is_authenticated and (user.is_staff or user.pk == listing.seller_id)
    if insider or listing.current is None:
        # Newest first by the model's ordering; a list of listings brings them along.
        newest = next(iter(listing.versions.all()), None)
        if newest is not None:
            return newest
    if listing.current is None:
        raise Http404
    return listing.current
