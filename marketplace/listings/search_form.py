"""The address of the shelf read into what is asked. What can't be read is left out rather than refused."""

from django.http import QueryDict

from . import rules
from .asking import SORTS, Asked, priced
from .facets import FACETS, Facet, Values
from .keyset import Place
from .models import MINOR_DIGITS
from .words import MOST_LETTERS

MOST_VALUES = 20
# More than the database's integers hold is no number of images.
MOST_IMAGES = 2**31 - 1


def asked(address: QueryDict) -> Asked:
    chosen = {name: values for name, facet in FACETS.items() if (values := chosen_of(facet, address))}
    sort = address.get("sort", "")
    return Asked(query_of(address), chosen, sort if sort in SORTS else "")


def query_of(address: QueryDict) -> str:
    query = address.get("q", "")[:MOST_LETTERS]
    return "" if "\x00" in query else query


def chosen_of(facet: Facet, address: QueryDict) -> Values:
    if facet.name == "currency":
        return price(address)
    offered = facet.names()
    given = dict.fromkeys(",".join(address.getlist(facet.name)).split(","))
    known = [value for value in given if value in offered][:MOST_VALUES]
    return tuple(known if facet.many else known[-1:])


def price(address: QueryDict) -> Values:
    currency = address.get("currency", "")
    return priced(currency, *(figure(address.get(name, ""), currency) for name in ("price_min", "price_max")))


def figure(given: str, currency: str) -> int | None:
    """Without a currency a figure means nothing, so it is left out."""
    if not given or len(given) > 40 or currency not in MINOR_DIGITS:
        return None
    try:
        return rules.figure(given, currency)
    except rules.ListingRefused:
        return None


def place(address: QueryDict) -> tuple[Place | None, bool]:
    """Where the page begins, and whether it is the one before that."""
    back = "before" in address
    return Place.read(address.get("before" if back else "after", "")), back
