"""Which published listings a buyer finds."""

from django.db.models import BigIntegerField, Case, F, Q, When

from .access import listings
from .models import CURRENCIES, ListingQuerySet, ListingVersion

SORTS = {"new": ("-published_at", "-id"), "price": ("by_price", "-id")}
# More than any price: amounts of two currencies can't be compared, so one currency follows the other.
APART = 10**12
BY_PRICE = Case(
    When(current__price=0, then=0),
    *[
        When(current__currency=code, then=F("current__price") + place * APART)
        for place, (code, _name) in enumerate(CURRENCIES)
    ],
    output_field=BigIntegerField(),
)
MAX_WORDS = 8


def search(
    query: str = "",
    *,
    resolution: int | None = None,
    count_min: int | None = None,
    licence: str | None = None,
    currency: str | None = None,
    price_min: int | None = None,
    price_max: int | None = None,
    free: bool | None = None,
    labelled: bool | None = None,
    sort: str = "new",
) -> ListingQuerySet:
    """Every word must be found in title, description or tags. `licence` is a licence's code.

    Prices are in the smallest unit of `currency`, without which they mean nothing. What is free is so in each.
    """
    found = listings().published().filter(words(query))
    if resolution:
        found = found.filter(current__dataset__resolution=resolution)
    if licence:
        found = found.filter(current__licence__code=licence)
    if count_min:
        found = found.filter(current__dataset__count__gte=count_min)
    if free:
        found = found.filter(current__price=0)
    if currency:
        found = found.filter(priced(currency, price_min, price_max))
    if labelled is not None:
        found = found.exclude(current__dataset__labels=[]) if labelled else found.filter(current__dataset__labels=[])
    return found.annotate(by_price=BY_PRICE).order_by(*SORTS.get(sort, SORTS["new"]))


def priced(currency: str, least: int | None, most: int | None) -> Q:
    within = Q(current__currency=currency) | Q(current__price=0)
    if least is not None:
        within &= Q(current__price__gte=least)
    if most is not None:
        within &= Q(current__price__lte=most)
    return within


def words(query: str) -> Q:
    condition = Q()
    for word in query.lower().split()[:MAX_WORDS]:
        condition &= Q(search_text__contains=word)
    return condition


def search_text(version: ListingVersion) -> str:
    """In lower case, because SQLite compares only ASCII letters without regard to case."""
    return "\n".join([version.title, version.description, *version.tags]).lower()
