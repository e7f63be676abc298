"""What buyers are shown of a seller."""

import re
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Sum
from django.http import Http404

from marketplace.accounts.models import User

from .access import Visitor, listings
from .models import Listing, ListingQuerySet, SellerProfile

# Whoever changes one of these is looked at again by staff.
BUSINESS_DATA = (
    "is_business", "business_name", "representative", "registration_number", "mail_order_number", "phone", "address",
    "contact_email",
)  # fmt: skip
REQUIRED_OF_A_BUSINESS = ("business_name", "representative", "registration_number", "phone", "address", "contact_email")
WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)


@dataclass(frozen=True)
class Standing:
    on_sale: int
    sold: int
    ratings: int
    # Of five; None where nobody rated.
    rating: float | None
    followers: int


def seller_for(visitor: Visitor, public_id: UUID) -> User:
    """Whoever put something on sale once; oneself at any time, to see what others will."""
    offered = Exists(Listing.objects.filter(seller=OuterRef("pk"), published_at__isnull=False))
    seller = User.objects.filter(offered | Q(pk=visitor.pk), public_id=public_id, is_active=True).first()
    if seller is None:
        raise Http404
    return seller


def profile_of(seller: User) -> SellerProfile:
    return SellerProfile.objects.filter(user=seller).first() or SellerProfile(user=seller)


def save(profile: SellerProfile) -> None:
    """Business data that changed are no longer those that staff verified."""
    before = SellerProfile.objects.filter(pk=profile.pk).first()
    if before and any(getattr(before, name) != getattr(profile, name) for name in BUSINESS_DATA):
        profile.verified_at = None
    profile.save()


def on_sale(seller: User) -> ListingQuerySet:
    return listings().published().filter(seller=seller).order_by("-published_at")


def standing(seller: User) -> Standing:
    rows = Listing.objects.filter(seller=seller)
    sums = rows.aggregate(sold=Sum("sales_count"), ratings=Sum("rating_count"), stars=Sum("rating_sum"))
    ratings = sums["ratings"] or 0
    return Standing(
        on_sale=on_sale(seller).count(),
        sold=sums["sold"] or 0,
        ratings=ratings,
        rating=sums["stars"] / ratings if ratings else None,
        followers=seller.followers.filter(follower__is_active=True).count(),
    )


def is_registration_number(written: str) -> bool:
    """Whether a Korean business registration number (000-00-00000) adds up: its last digit checks the nine before."""
    if not re.fullmatch(r"\d{3}-?\d{2}-?\d{5}", written):
        return False
    digits = [int(letter) for letter in written if letter.isdigit()]
    total = sum(weight * digit for weight, digit in zip(WEIGHTS, digits, strict=False)) + digits[8] * 5 // 10
    return (10 - total % 10) % 10 == digits[9]
