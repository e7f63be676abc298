"""A person's right to take their data along, and to be forgotten: every app's part, in one place."""

from typing import Any

import generation.privacy
import marketplace.accounts.privacy
import marketplace.listings.privacy
import marketplace.moderation.privacy
import marketplace.purchases.privacy
from marketplace.accounts.models import User

APPS = {
    "generation": generation.privacy,
    "purchases": marketplace.purchases.privacy,
    "moderation": marketplace.moderation.privacy,
    "listings": marketplace.listings.privacy,
    # Last: it empties the row that the others look up by.
    "accounts": marketplace.accounts.privacy,
}


def export_for(user: User) -> dict[str, Any]:  # Any: JSON values
    return {name: app.export_for(user) for name, app in APPS.items()}


def erase(user: User) -> None:
    """Safe to run again if it was interrupted."""
    for app in APPS.values():
        app.erase(user)
