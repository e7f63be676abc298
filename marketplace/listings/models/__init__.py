from .following import Follow, Wish
from .licences import Licence
from .listings import (
    CURRENCIES,
    MAX_PRICE,
    MIN_PRICE,
    MINOR_DIGITS,
    BundleTail,
    Listing,
    ListingQuerySet,
    ListingVersion,
    Subject,
)
from .sellers import Question, SellerProfile
from .shelf import ShelfEntry, ShelfWord, WordShape

__all__ = [
    "CURRENCIES",
    "MAX_PRICE",
    "MINOR_DIGITS",
    "MIN_PRICE",
    "BundleTail",
    "Follow",
    "Licence",
    "Listing",
    "ListingQuerySet",
    "ListingVersion",
    "Question",
    "SellerProfile",
    "ShelfEntry",
    "ShelfWord",
    "Subject",
    "Wish",
    "WordShape",
]
