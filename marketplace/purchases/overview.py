"""What a seller sees first: the newest of everything, and what to do next."""

from typing import Any

from django.db.models import Count, Sum

from generation.access import visible
from generation.models import Dataset, GenerationJob, SourceSet
from marketplace.accounts.models import User
from marketplace.listings.models import Listing

from .models import Purchase

SHOWN = 4


def of(user: User) -> dict[str, Any]:
    source_sets = visible(SourceSet.objects.filter(next__isnull=True), user)
    jobs = visible(GenerationJob.objects.select_related("source_set", "dataset"), user)
    datasets = visible(Dataset.objects.all(), user)
    listings = Listing.objects.filter(seller=user).prefetch_related("versions")
    return {
        "source_sets": source_sets[:SHOWN],
        "active_jobs": jobs.filter(state__in=GenerationJob.ACTIVE)[:SHOWN],
        "jobs": jobs[:SHOWN],
        "datasets": datasets[:SHOWN],
        "listings": listings[:SHOWN],
        "on_sale": Listing.objects.published().filter(seller=user).exists(),
        "sales": sales(user),
    }


def sales(user: User) -> list[dict[str, Any]]:
    """By currency: how many, for how much, and what is the seller's."""
    paid = Purchase.objects.filter(version__listing__seller=user, state=Purchase.State.PAID)
    totals = (
        paid.order_by("currency").values("currency").annotate(count=Count("pk"), price=Sum("price"), fee=Sum("fee"))
    )
    return [row | {"earned": row["price"] - row["fee"]} for row in totals]
