"""What goes with a version's tar shards or Parquet: card, Croissant, licence. Zip parts carry theirs inside."""

import json
from collections.abc import Sequence
from functools import lru_cache

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from generation.bundles import Bundle

from . import cards
from .models import ListingVersion


def documents(version: ListingVersion, kind: str, files: Sequence[Bundle]) -> dict[str, bytes]:
    """As they were when they were first asked for: a seller's new name does not change what was sold."""
    key = f"listings/{version.listing.public_id}/v{version.number}/{kind}.json"
    try:
        return kept(key)
    except FileNotFoundError:
        default_storage.save(key, ContentFile(json.dumps(written(version, kind, files)).encode()))
        return kept(key)


@lru_cache(maxsize=64)
def kept(key: str) -> dict[str, bytes]:
    """In memory too: each click on a file of the format asks for them."""
    with default_storage.open(key) as file:
        return {name: text.encode() for name, text in json.load(file).items()}


def written(version: ListingVersion, kind: str, files: Sequence[Bundle]) -> dict[str, str]:
    croissant = cards.croissant(version, kind, files)
    return {
        "README.md": cards.card(version, kind),
        "LICENSE.txt": version.licence.text,
        "croissant.json": json.dumps(croissant, ensure_ascii=False, indent=2),
    }
