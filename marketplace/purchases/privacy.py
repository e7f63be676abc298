"""What a person bought and earned. Rows of money are kept as long as the law asks, under an anonymous person."""

from typing import Any

from marketplace.accounts.models import User

from .models import Download, Posting, Purchase


def export_for(user: User) -> dict[str, Any]:  # Any: JSON values
    purchases = Purchase.objects.filter(buyer=user)
    postings = Posting.objects.filter(purchase__version__listing__seller=user)
    return {
        "purchases": list(
            purchases.values("public_id", "version__title", "state", "price", "currency", "created_at", "paid_at")
        ),
        "downloads": list(Download.objects.filter(purchase__buyer=user).values("file_name", "started_at")),
        "sales": list(postings.values("purchase__public_id", "reason", "amount", "currency", "created_at")),
    }


def erase(user: User) -> None:
    """The key of a checkout was chosen by the person's program and may say anything."""
    for purchase in Purchase.objects.filter(buyer=user):
        Purchase.objects.filter(pk=purchase.pk).update(attempt_key=f"erased-{purchase.public_id}")
