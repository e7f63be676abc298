"""Wish lists and followed sellers. Each is set to what is wanted, so that a repeated click changes nothing."""

from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import Http404
from django.utils.translation import gettext as _

from marketplace.accounts.models import User

from .access import Visitor, listing_for, listings
from .models import Follow, Listing, ListingQuerySet, Wish


def wish(user: User, public_id: UUID, wanted: bool) -> Listing:
    """A listing that went off sale can still be taken off the list. Nobody needs to wish for their own."""
    if not wanted:
        row = Listing.objects.filter(public_id=public_id, wishes__user=user).first() or listing_for(user, public_id)
        Wish.objects.filter(user=user, listing=row).delete()
        return row
    row = listing_for(user, public_id)
    if not not_wanted(user, row):
        Wish.objects.get_or_create(user=user, listing=row)
    return row


def not_wanted(user: User, listing: Listing) -> str:
    """Why it can't go on the list; empty where it can."""
    if listing.seller_id == user.pk:
        return _("This is your own listing.")
    return "" if listing.state == Listing.State.PUBLISHED else _("This listing is not on sale.")


def follow(user: User, public_id: UUID, wanted: bool) -> User:
    seller = sellers(user).filter(public_id=public_id).first()
    if seller is None or seller.pk == user.pk:
        raise Http404
    if wanted:
        Follow.objects.get_or_create(follower=user, seller=seller)
    else:
        Follow.objects.filter(follower=user, seller=seller).delete()
    return seller


def sellers(user: User) -> QuerySet[User]:
    """Whoever put something on sale once, and whom one follows already. Other members are nobody's business."""
    selling = Q(is_active=True, listings__published_at__isnull=False)
    return User.objects.filter(selling | Q(followers__follower=user)).distinct()


def wished(user: Visitor, listing: Listing) -> bool:
    return user.is_authenticated and Wish.objects.filter(user=user, listing=listing).exists()


def followed(user: Visitor, seller_id: int) -> bool:
    return user.is_authenticated and Follow.objects.filter(follower=user, seller_id=seller_id).exists()


def wishes_of(user: User) -> ListingQuerySet:
    """Also what is off sale now, to be taken off the list; newest wish first."""
    added = Wish.objects.filter(user=user, listing=OuterRef("pk")).values("created_at")
    return listings().filter(wishes__user=user).annotate(wished_at=Subquery(added)).order_by("-wished_at")


def sellers_of(user: User) -> QuerySet[User]:
    """Those that a person follows, with how many datasets each has on sale."""
    on_sale = Count("listings", filter=Q(listings__state=Listing.State.PUBLISHED), distinct=True)
    followed = User.objects.filter(followers__follower=user).select_related("seller_profile")
    return followed.annotate(on_sale=on_sale).order_by("name", "pk")
