"""What a person offers for sale. Published words stay with what was sold; the rest is taken off sale."""

from typing import Any

from django.db.models import Q

from marketplace.accounts.models import User

from . import drafts, sellers
from .models import Follow, Listing, ListingVersion, Question, SellerProfile, Wish


def export_for(user: User) -> dict[str, Any]:  # Any: JSON values
    columns = [
        "listing__public_id", "listing__state", "number", "title", "description", "tags", "subject", "changes", "price",
        "currency", "declaration", "declaration_version",
    ]  # fmt: skip
    versions = ListingVersion.objects.filter(listing__seller=user).order_by("listing", "number")
    return {
        "listings": list(versions.values(*columns, "created_at", "sealed_at")),
        "wishes": list(Wish.objects.filter(user=user).values("listing__public_id", "created_at")),
        "questions": list(
            Question.objects.filter(asker=user).values(
                "listing__public_id", "text", "created_at", "answer", "hidden_at"
            )
        ),
        "answers": list(
            Question.objects.filter(listing__seller=user).values("listing__public_id", "answer", "answered_at")
        ),
        "seller_profile": list(
            SellerProfile.objects.filter(user=user).values("about", "website", *sellers.BUSINESS_DATA, "verified_at")
        ),
        "follows": list(Follow.objects.filter(follower=user).values("seller__public_id", "created_at")),
    }


def erase(user: User) -> None:
    for listing in Listing.objects.filter(seller=user):
        drafts.withdraw(listing)
    unsealed = ListingVersion.objects.filter(listing__seller=user, sealed_at__isnull=True)
    unsealed.update(title="–", description="", tags=[], changes="", declaration={}, declaration_version="")
    Wish.objects.filter(user=user).delete()
    Follow.objects.filter(Q(follower=user) | Q(seller=user)).delete()
    Question.objects.filter(asker=user).delete()
    Question.objects.filter(listing__seller=user).exclude(answer="").update(answer="–")
    erase_profile(user)


def erase_profile(user: User) -> None:
    """A business that offered something stays named for those who bought it; a private person is forgotten."""
    profile = SellerProfile.objects.filter(user=user)
    if Listing.objects.filter(seller=user, published_at__isnull=False).exists():
        profile.filter(is_business=True).update(about="", website="")
        profile = profile.filter(is_business=False)
    profile.delete()
