"""What a person offers for sale. Published words stay with what was sold; the rest is taken off sale."""

from typing import Any

from marketplace.accounts.models import User

from . import drafts
from .models import Listing, ListingVersion


def export_for(user: User) -> dict[str, Any]:  # Any: JSON values
    columns = ["listing__public_id", "listing__state", "number", "title", "description", "tags", "price", "currency"]
    versions = ListingVersion.objects.filter(listing__seller=user).order_by("listing", "number")
    return {"listings": list(versions.values(*columns, "created_at", "sealed_at"))}


def erase(user: User) -> None:
    for listing in Listing.objects.filter(seller=user):
        drafts.withdraw(listing)
    unsealed = ListingVersion.objects.filter(listing__seller=user, sealed_at__isnull=True)
    unsealed.update(title="–", description="", tags=[])
