"""Who hears that a version went on sale: the seller's followers the first time, later those who wish for it."""

from typing import Any

from generation import notifications
from generation.models import Notification

from .models import Follow, ListingVersion, Wish

Kind = Notification.Kind


def tell_of_sale(version_id: int, earlier_id: int) -> None:
    """The errand; `earlier_id` is the version that was on sale before, or 0. Run twice it tells nobody twice."""
    version = ListingVersion.objects.select_related("listing__seller").filter(pk=version_id).first()
    if version is None:
        return
    earlier = ListingVersion.objects.filter(pk=earlier_id).first()
    kind, details = news(version, earlier)
    for reader_id in readers(version, first=earlier is None):
        if not told(reader_id, kind, version):
            notifications.tell(reader_id, kind, version.title, version.listing.get_absolute_url(), **details)


def news(version: ListingVersion, earlier: ListingVersion | None) -> tuple[str, dict[str, Any]]:  # Any: JSON values
    if earlier and earlier.currency == version.currency and version.price < earlier.price:
        prices = {"old": earlier.price, "new": version.price, "currency": version.currency}
        return Kind.PRICE, prices | {"version": version.number}
    return Kind.NEW, {"seller": str(version.listing.seller), "version": version.number}


def readers(version: ListingVersion, first: bool) -> list[int]:
    if first:
        followers = Follow.objects.filter(seller=version.listing.seller_id, follower__is_active=True)
        return list(followers.order_by("pk").values_list("follower_id", flat=True))
    wishes = Wish.objects.filter(listing=version.listing_id, user__is_active=True)
    return list(wishes.order_by("pk").values_list("user_id", flat=True))


def told(reader_id: int, kind: str, version: ListingVersion) -> bool:
    same = Notification.objects.filter(owner_id=reader_id, kind=kind, address=version.listing.get_absolute_url())
    return same.filter(details__version=version.number).exists()
