"""Addresses that give one file of one purchase to whoever holds them, for a short time and until a refund.

They work without a session, as programs need it, and for the buyer's browser; the next request after a refund is
refused, a resumed one too.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from .models import Purchase

SALT = "purchases.links"
# A link lasts an hour, longer for what takes longer at this many bytes a second, and never more than a day.
SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=1)
SLOWEST = 500_000
# Of the file's hash: a link is to these bytes or to none.
HASH_LETTERS = 16


class Altered(Exception):
    """It was not signed here, or not all of it arrived."""


class Expired(Exception):
    pass


@dataclass(frozen=True)
class Link:
    purchase: UUID
    kind: str
    name: str
    sha256: str


def link(purchase: Purchase, kind: str, name: str, sha256: str, size: int) -> str:
    """Anew each time; the whole address."""
    until = round((timezone.now() + lifetime(size)).timestamp())
    token = signing.dumps([purchase.public_id.hex, kind, name, sha256[:HASH_LETTERS], until], salt=SALT)
    return settings.SITE_URL + reverse("purchase-link", args=[token, name])


def lifetime(size: int) -> timedelta:
    return min(LONGEST, SHORTEST + timedelta(seconds=size // SLOWEST))


def read(token: str) -> Link:
    """Raises Altered and Expired."""
    try:
        purchase, kind, name, sha256, until = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError):
        raise Altered from None
    if timezone.now().timestamp() >= until:
        raise Expired
    return Link(UUID(purchase), kind, name, sha256)
