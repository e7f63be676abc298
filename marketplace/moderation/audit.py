"""The audit trail: who did what to what, what it was before and after, and why. A chain of hashes shows any change."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from marketplace.accounts.models import User

from .models import AuditEntry, AuditHead

FIRST = "0" * 64
# What a digest covers, beside the hash of the row before.
CONTENT = ("number", "at", "actor_id", "action", "subject", "before", "after", "why")
Facts = Mapping[str, Any]  # Any: JSON values


@transaction.atomic
def note(
    actor: User | AnonymousUser | None,
    action: str,
    subject: models.Model | str,
    *,
    before: Facts | None = None,
    after: Facts | None = None,
    why: str = "",
) -> AuditEntry:
    """Within the transaction of what it tells of: both are written or neither. Writers wait in line at the head."""
    AuditHead.objects.get_or_create(pk=1, defaults={"digest": FIRST})
    head = AuditHead.objects.select_for_update().get(pk=1)
    entry = AuditEntry(
        number=head.number + 1,
        at=timezone.now(),
        actor=actor if isinstance(actor, User) else None,
        action=action,
        subject=subject if isinstance(subject, str) else named(subject),
        before=plain(before or {}),
        after=plain(after or {}),
        why=why.replace("\0", ""),
        previous=head.digest,
    )
    entry.digest = digest(entry)
    entry.save(force_insert=True)
    AuditHead.objects.filter(pk=1).update(number=entry.number, digest=entry.digest)
    return entry


def named(row: models.Model) -> str:
    """A kind and a number, and nobody's name: this can't be erased later."""
    return f"{row._meta.label_lower}:{getattr(row, 'public_id', None) or row.pk}"


def plain(facts: Facts) -> dict[str, Any]:
    """As they come back from the database, so that the digest can be computed again."""
    values: dict[str, Any] = json.loads(json.dumps(facts, cls=DjangoJSONEncoder).replace("\\u0000", ""))
    return values


def digest(entry: AuditEntry) -> str:
    content = {name: getattr(entry, name) for name in CONTENT}
    content["at"] = entry.at.timestamp().hex()
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{entry.previous}\n{text}".encode()).hexdigest()


def faults(known: tuple[int, str] | None = None) -> Iterator[str]:
    """What is wrong with the chain, the first broken row first. `known` is an end of it that was noted elsewhere."""
    number, previous = 0, FIRST
    for entry in AuditEntry.objects.order_by("number").iterator(chunk_size=1000):
        if fault := broken(entry, number + 1, previous, known):
            yield f"Row {entry.number}: {fault}"
            return
        number, previous = entry.number, entry.digest
    ends_at = end()
    if ends_at[0] < number:
        yield f"The end of the chain is said to be row {ends_at[0]}, and row {number} is there."
    elif ends_at != (number, previous):
        yield f"Row {number + 1}: it is missing. The chain should end at row {ends_at[0]}."
    elif known is not None and known[0] > number:
        yield f"Row {number + 1}: it is missing. Row {known[0]} was there before."


def broken(entry: AuditEntry, number: int, previous: str, known: tuple[int, str] | None) -> str:
    if entry.number != number:
        return f"row {number} before it is missing."
    if entry.previous != previous:
        return "it does not follow the row before."
    if entry.digest != digest(entry):
        return "its content was changed."
    replaced = known is not None and known[0] == number and known[1] != entry.digest
    return "it is another one than was noted." if replaced else ""


def end() -> tuple[int, str]:
    head = AuditHead.objects.filter(pk=1).first()
    return (head.number, head.digest) if head else (0, FIRST)
