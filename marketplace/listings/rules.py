"""What a seller may write on a listing. Each rule refuses with the field and a sentence for people."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from generation.models import Dataset

from .models import MAX_PRICE, MIN_PRICE, MINOR_DIGITS, Licence, Subject

TITLE_LENGTHS = (2, 120)
MAX_DESCRIPTION = 10_000
MAX_CHANGES = 2_000
MAX_TAGS = 10
MAX_TAG = 30
WRITTEN = re.compile(r"(?P<whole>[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.(?P<decimals>[0-9]{0,20}))?")
TAG = re.compile(r"[\w][\w +.-]*")
TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class ListingRefused(Exception):
    """Something about the listing is not acceptable; `field` may be empty when it is no single field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def clean(fields: dict[str, Any], currency: str) -> dict[str, Any]:  # Any: the columns of ListingVersion
    """The fields as they are stored. `currency` is what a price without one means."""
    cleaned = dict(fields)
    if "title" in cleaned:
        cleaned["title"] = clean_title(cleaned["title"])
    if "description" in cleaned:
        cleaned["description"] = clean_description(cleaned["description"])
    if "changes" in cleaned:
        cleaned["changes"] = clean_changes(cleaned["changes"])
    if "subject" in cleaned:
        check_subject(cleaned["subject"])
    if "tags" in cleaned:
        cleaned["tags"] = clean_tags(cleaned["tags"])
    if "price" in cleaned or "currency" in cleaned:
        check_price(cleaned.get("price"), cleaned.get("currency", currency))
    if "licence" in cleaned:
        check_licence(cleaned["licence"])
    return cleaned


def clean_title(title: str) -> str:
    title = " ".join(title.split())
    if hidden(title) or "<" in title or ">" in title:
        raise ListingRefused("title", _("A title is plain text, without < and > and control characters."))
    least, most = TITLE_LENGTHS
    if not least <= len(title) <= most:
        raise ListingRefused(
            "title", _("A title has %(least)d to %(most)d characters.") % {"least": least, "most": most}
        )
    return title


def hidden(text: str) -> bool:
    """Whether it holds what nobody sees: NUL and its like, or marks that turn the direction of reading."""
    return any(unicodedata.category(letter) in ("Cc", "Cs") or letter in TURNS for letter in text)


def clean_description(description: str) -> str:
    if hidden_in_lines(description):
        raise ListingRefused("description", _("A description is text, without control characters."))
    if len(description) > MAX_DESCRIPTION:
        raise ListingRefused(
            "description", _("A description has at most %(most)d characters.") % {"most": MAX_DESCRIPTION}
        )
    return description.strip()


def clean_changes(changes: str) -> str:
    if hidden_in_lines(changes):
        raise ListingRefused("changes", _("What is new is plain text, without control characters."))
    if len(changes) > MAX_CHANGES:
        raise ListingRefused("changes", _("What is new has at most %(most)d characters.") % {"most": MAX_CHANGES})
    return changes.strip()


def hidden_in_lines(text: str) -> bool:
    return hidden(text.replace("\n", "").replace("\r", "").replace("\t", ""))


def check_subject(subject: str) -> None:
    if subject not in Subject.values:
        raise ListingRefused("subject", _("Choose one of the subjects."))


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Lower case, each once, in the seller's order."""
    words = list(dict.fromkeys(" ".join(tag.lower().split()) for tag in tags if tag.strip()))
    if len(words) > MAX_TAGS:
        raise ListingRefused("tags", _("A listing has at most %(most)d tags.") % {"most": MAX_TAGS})
    for word in words:
        if len(word) > MAX_TAG or not TAG.fullmatch(word):
            raise ListingRefused(
                "tags",
                _("“%(tag)s” is no tag: use at most %(most)d letters, digits, spaces and hyphens.")
                % {"tag": word, "most": MAX_TAG},
            )
    return words


def amount(written: str, currency: str) -> int:
    """A price as people write it, in the smallest unit."""
    price = figure(written, currency)
    check_price(price, currency)
    return price


def figure(written: str, currency: str) -> int:
    """Reads 9,900 or ₩9,900 or 12.50; no exponents, no NaN."""
    text = written.strip().removeprefix("₩").removeprefix("$").removesuffix("원").strip()
    if text.startswith("-"):
        raise ListingRefused("price", _("A price cannot be below zero."))
    match = WRITTEN.fullmatch(text)
    if match is None:
        raise ListingRefused("price", _("Write the price in digits, such as 9900 or 12.50."))
    whole, decimals = match["whole"].replace(",", ""), match["decimals"] or ""
    digits = MINOR_DIGITS[currency]
    if decimals.strip("0") and not digits:
        raise ListingRefused("price", _("Won has no decimals."))
    if len(decimals.rstrip("0")) > digits:
        raise ListingRefused("price", _("A price has at most %(digits)d decimals.") % {"digits": digits})
    return int(whole) * 10**digits + int(decimals[:digits].ljust(digits, "0") or 0)


def check_price(price: int | None, currency: str) -> None:
    if currency not in MAX_PRICE:
        names = ", ".join(MAX_PRICE)
        raise ListingRefused("currency", _("Choose one of these currencies: %(names)s.") % {"names": names})
    if price is None:
        raise ListingRefused("price", _("A price in another currency must be given anew."))
    if price != 0 and not MIN_PRICE[currency] <= price <= MAX_PRICE[currency]:
        least, most = as_amount(MIN_PRICE[currency], currency), as_amount(MAX_PRICE[currency], currency)
        raise ListingRefused(
            "price", _("A price is 0 (free), or from %(least)s to %(most)s.") % {"least": least, "most": most}
        )


def plain_amount(amount: int, currency: str) -> str:
    """As it stands in a field: 9900 or 12.50."""
    digits = MINOR_DIGITS[currency]
    return f"{amount / 10**digits:.{digits}f}"


def as_amount(amount: int, currency: str) -> str:
    """As people write it: ₩4,900 or $12.50."""
    digits = MINOR_DIGITS[currency]
    sign = "−" if amount < 0 else ""
    figure = f"{abs(amount) / 10**digits:,.{digits}f}"
    return sign + (_("₩%(figure)s") if currency == "KRW" else _("$%(figure)s")) % {"figure": figure}


def check_licence(licence: Licence) -> None:
    if not licence.offered:
        raise ListingRefused("licence", _("This licence is no longer offered; choose another."))


def check_dataset(dataset: Dataset) -> None:
    if not dataset.generator.source_set.declared:
        raise ListingRefused(
            "dataset", _("The rights to the source images were not declared, so what was made of them can't be sold.")
        )
