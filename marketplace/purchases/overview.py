"""What a seller sees first: the newest of everything, and what to do next."""

from typing import Any

from generation.access import visible
from generation.models import Dataset, GenerationJob, SourceSet
from marketplace.accounts.models import User
from marketplace.listings import questions
from marketplace.listings.models import Listing

from . import payouts, sales

SHOWN = 4


def of(user: User) -> dict[str, Any]:
    source_sets = visible(SourceSet.objects.filter(next__isnull=True), user)
    jobs = visible(GenerationJob.objects.for_lists(), user)
    datasets = visible(Dataset.objects.all(), user)
    listings = Listing.objects.filter(seller=user).prefetch_related("versions")
    return {
        "source_sets": source_sets[:SHOWN],
        "active_jobs": jobs.filter(state__in=GenerationJob.ACTIVE)[:SHOWN],
        "jobs": jobs[:SHOWN],
        "datasets": datasets[:SHOWN],
        "listings": listings[:SHOWN],
        "on_sale": Listing.objects.published().filter(seller=user).exists(),
        "sales": [(one, payouts.of(user, one.currency)) for one in sales.totals(sales.of(user))],
        "newest_sales": sales.of(user)[:SHOWN],
        "questions": questions.of_seller(user).filter(answered_at__isnull=True).count(),
    }
