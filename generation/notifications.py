"""What people are told when a job of theirs ends: a line in their list, a hint to open pages, a letter if asked."""

from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from . import events, letters
from .models import GenerationJob, Notification


def job_ended(job: GenerationJob) -> None:
    """In the transaction in which it succeeded or failed."""
    due = timezone.now() if job.mail_when_done else None
    row = Notification.objects.create(owner_id=job.owner_id, kind=job.state, job=job, mail_due_at=due)
    hint(row, {"public_id": str(job.public_id)})
    if due:
        letters.put(row)


def tell(owner_id: int, kind: str, title: str, address: str, **details: Any) -> Notification:  # Any: JSON values
    """A line about anything but a job, in the transaction of what it tells of. `address` is a path of this site."""
    row = Notification.objects.create(owner_id=owner_id, kind=kind, title=title[:200], address=address, details=details)
    hint(row, {})
    return row


def hint(row: Notification, named: dict[str, str]) -> None:
    """To the person's open pages, after commit."""
    event = named | {"kind": row.kind}
    parcel = events.owner_group(row.owner_id), {"type": "person.notification", "event": event}
    transaction.on_commit(partial(events.send, [parcel]))


def seen(job: GenerationJob) -> None:
    """Whoever looks at the job itself needs not be told any more. Writes only where there is something to mark."""
    told = Notification.objects.filter(job=job).unread()
    if told.exists():
        told.mark_read()


def seen_at(owner_id: int, address: str) -> None:
    """As `seen`, of anything else that was told of by the address of its page."""
    told = Notification.objects.filter(owner_id=owner_id, address=address).unread()
    if told.exists():
        told.mark_read()


def ask_for_letter(job: GenerationJob, wanted: bool) -> bool:
    """False where the job had ended already."""
    active = GenerationJob.objects.filter(pk=job.pk, finished_at__isnull=True)
    asked = bool(active.update(mail_when_done=wanted))
    job.refresh_from_db(fields=["state", "finished_at", "mail_when_done"])
    return asked
