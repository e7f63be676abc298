"""What a person bought and earned. Rows of money are kept as long as the law asks, under an anonymous person."""

from typing import Any

from django.db.models import QuerySet

from generation import removal
from generation.bundles import remove_tail
from generation.models import Dataset
from marketplace.accounts.models import User
from marketplace.listings.models import BundleTail

from .models import Download, Payout, PayoutAccount, PayoutHold, Posting, Purchase


def export_for(user: User) -> dict[str, Any]:  # Any: JSON values
    purchases = Purchase.objects.filter(buyer=user)
    postings = Posting.objects.filter(purchase__version__listing__seller=user)
    return {
        "purchases": list(
            purchases.values("public_id", "version__title", "state", "price", "currency", "created_at", "paid_at")
        ),
        "downloads": list(Download.objects.filter(purchase__buyer=user).values("file_name", "started_at")),
        "payouts": list(
            Payout.objects.filter(seller=user).values(
                "public_id", "state", "amount", "currency", "reference", "created_at", "settled_at"
            )
        ),
        "payout_accounts": list(
            PayoutAccount.objects.filter(owner=user).values("currency", "bank", "holder", "last_digits", "state")
        ),
        "payout_holds": list(
            PayoutHold.objects.filter(seller=user).values("reason", "created_at", "review_at", "lifted_at")
        ),
        "sales": list(postings.values("purchase__public_id", "reason", "amount", "currency", "created_at")),
    }


def erase(user: User) -> None:
    """The key of a checkout was chosen by the person's program and may say anything."""
    for dataset in offered_but_never_sold(user):
        for tail in BundleTail.objects.filter(version__dataset=dataset):
            remove_tail(tail.key)
            tail.delete()
        removal.empty(dataset)
    for purchase in Purchase.objects.filter(buyer=user):
        Purchase.objects.filter(pk=purchase.pk).update(attempt_key=f"erased-{purchase.public_id}")
    erase_payout_accounts(user)


def erase_payout_accounts(user: User) -> None:
    """All but one to which money is on its way."""
    under_way = Payout.objects.filter(seller=user, state__in=[Payout.State.PLANNED, Payout.State.SENT])
    idle = PayoutAccount.objects.filter(owner=user).exclude(pk__in=under_way.values("account"))
    idle.update(bank="–", holder="–", number="", last_digits="", state=PayoutAccount.State.REFUSED, verified_at=None)


def offered_but_never_sold(user: User) -> QuerySet[Dataset]:
    sold = Purchase.objects.filter(state=Purchase.State.PAID).values("version__dataset")
    return Dataset.objects.filter(owner=user, listing_versions__isnull=False).exclude(pk__in=sold).distinct()
