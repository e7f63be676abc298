"""What may not be delivered although it was paid, such as after a takedown. An app above puts its question in here."""

from collections.abc import Callable

from marketplace.listings.models import ListingVersion

# Each says why nothing of this version is delivered now, or nothing.
askers: list[Callable[[ListingVersion], str]] = []


def why(version: ListingVersion) -> str:
    return next((answer for ask in askers if (answer := ask(version))), "")
