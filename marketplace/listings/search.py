"""Which published listings a buyer finds, page by page."""

from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

from django.core.cache import cache
from django.db.models import Q

from . import plans, spelling
from .access import listings
from .asking import SORTS, Asked, Part, titled, untitled, whole
from .counting import CAP, LOOKED_AT, Count, Counts, count
from .indexing import drop, fill, index, rank, rebuild
from .keyset import Place, Tier, walk
from .matching import Holds
from .models import Listing, ShelfEntry
from .words import needed

__all__ = ["SORTS", "Asked", "Found", "drop", "fill", "find", "index", "nearest", "page", "rank", "rebuild"]

BY = {"best": "published_at", "new": "published_at", "price": "cheapness", "sales": "sales", "rating": "rating"}
# With fewer finds than these a slip of the finger is thought of.
FEW = 5
NEAREST = 5


@dataclass(frozen=True)
class Page:
    listings: list[Listing]
    previous: Place | None = None
    next: Place | None = None


@dataclass(frozen=True)
class Found:
    """What was found for `asked`. Where that was nothing, for its words mended: then `instead_of` is what was typed."""

    asked: Asked
    counts: Counts
    instead_of: str = ""
    # Worth a try where little was found.
    meant: str = ""


@dataclass(frozen=True)
class Near:
    asked: Asked
    count: Count


def find(asked: Asked) -> Found:
    counts = count(asked)
    if not asked.words or counts.total.number >= FEW:
        return Found(asked, counts)
    meant = mended(asked)
    if counts.total or not meant:
        return Found(asked, counts, meant=meant)
    better = asked.asking(meant)
    counted = count(better)
    return Found(better, counted, instead_of=asked.query) if counted.total else Found(asked, counts)


def mended(asked: Asked) -> str:
    """The query with each word that nobody uses replaced by the nearest that somebody does; empty if none is."""
    unknown = [word for word in asked.words if not is_used(word)]
    near = spelling.mended(unknown)
    near |= {word: split for word in unknown if word not in near and (split := spelling.apart(word))}
    return " ".join(near.get(word, word) for word in asked.words) if near else ""


def is_used(word: str) -> bool:
    used = ShelfEntry.objects.filter(Q(Holds(needed(word)))).values_list("pk")[:1]
    # A word that is used often is met at once, and for any other the index knows as soon.
    return bool(plans.quickest(used, patience=10))


def page(found: Found, size: int, place: Place | None = None, *, back: bool = False) -> Page:
    """The page after a place, or before it."""
    if not found.counts.total:
        return Page([])
    by = BY[found.asked.order]
    # One more than is shown tells whether there is another page.
    rows = walk(tiers(found), by, size + 1, place, back=back)
    extra = len(rows) > size
    rows = (rows[1:] if back else rows[:size]) if extra else rows
    if not rows:
        return Page([])
    ends = [Place.of(row, tier, by) for tier, row in (rows[0], rows[-1])]
    earlier, later = (extra, place is not None) if back else (place is not None, extra)
    return Page(
        cards([row.listing_id for _tier, row in rows]), ends[0] if earlier else None, ends[1] if later else None
    )


def cards(ids: list[int]) -> list[Listing]:
    """In the order of `ids`."""
    rows = listings().published().in_bulk(ids)
    return [rows[pk] for pk in ids if pk in rows]


def tiers(found: Found) -> list[Tier]:
    many = found.counts.total.more
    if found.asked.order != "best":
        return [tier(found.asked, whole, along=many)]
    first, second = remembered(found.asked) if many else (False, False)
    return [tier(found.asked, titled, along=first), tier(found.asked, untitled, along=second)]


def remembered(asked: Asked) -> tuple[bool, bool]:
    """How both tiers are walked soonest changes slowly, and whoever reads on has the same question."""
    question = sha256(asked.sorted_by("").address.encode()).hexdigest()
    walks = cache.get_or_set(f"walks:{question}", partial(in_title_and_elsewhere, asked), 600)
    return walks or (False, False)


def in_title_and_elsewhere(asked: Asked) -> tuple[bool, bool]:
    """Whether many have the words in their title, and whether many have them elsewhere."""
    first = number_of(asked, titled, LOOKED_AT)
    # Where few have the words in their title, most have them elsewhere.
    second = first <= LOOKED_AT // 2 or number_of(asked, untitled, LOOKED_AT) > LOOKED_AT
    return first > LOOKED_AT, second


def tier(asked: Asked, part: Part, *, along: bool) -> Tier:
    condition = asked.by_columns(part) if along else asked.by_index(part)
    rows = ShelfEntry.objects.filter(condition).defer("words")
    return Tier(rows, plans.along_order if along else plans.by_index)


def number_of(asked: Asked, part: Part = whole, most: int = CAP) -> int:
    """One more than `most` is as good as any more."""
    return len(plans.quickest(ShelfEntry.objects.filter(asked.by_index(part)).values_list("pk")[: most + 1]))


def nearest(found: Found) -> list[Near]:
    """What there is with one filter or word less, the most first: for whoever found nothing."""
    asked, words = found.asked, found.asked.words
    looser = [asked.without(facet) for facet in asked.active]
    if len(words) > 1:
        looser += [asked.asking(" ".join(w for w in words if w != word)) for word in words]
    if len(asked.active) > 1:
        looser.append(replace(asked, chosen={}))
    counted = [Near(one, Count(number_of(one))) for one in looser if not one.is_open]
    return sorted((one for one in counted if one.count), key=lambda one: -one.count.number)[:NEAREST]
