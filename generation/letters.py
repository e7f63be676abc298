"""Letters about jobs that ended. The notification's row is the truth: due, and not yet mailed.

Claiming a letter moves the moment at which it is due into the future. So two workers never send the same one, and one
that could not be sent, or whose worker died, comes up again by itself: after two minutes, four, eight and so on.
"""

import logging
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from redis.exceptions import RedisError

from . import tickets
from .models import Notification

logger = logging.getLogger(__name__)

QUEUE = "short"
SEND = "generation.letters.send"
# Longer than sending takes at the worst: a mail server that does not answer is left after its time.
FIRST_RETRY = timedelta(minutes=2)
ANSWER_SECONDS = 20
GIVEN_UP_AFTER = timedelta(days=1)
# A ticket that was just taken is in no queue while its worker is about to claim.
GRACE = timedelta(seconds=3)
# So that one round of sweeping stays short.
BATCH = 100


def put(row: Notification) -> None:
    transaction.on_commit(partial(put_now, row.pk), robust=True)


def put_now(pk: int) -> bool:
    """False when the queue can't be reached; the sweeper tries again."""
    try:
        tickets.queue_of(QUEUE).enqueue_call(
            SEND, args=[pk], job_id=ticket(pk), result_ttl=0, failure_ttl=tickets.FAILURES_KEPT_SECONDS
        )
    except (RedisError, OSError):
        logger.warning("Letter %d was not put on the queue", pk, exc_info=True)
        return False
    return True


def ticket(pk: int) -> str:
    return f"letter-{pk}"


def sweep() -> int:
    """Puts on the queue again what is due and not there; returns how many."""
    late = Notification.objects.filter(mailed_at__isnull=True, mail_due_at__lte=timezone.now() - GRACE)
    due = list(late.order_by("mail_due_at").values_list("pk", flat=True)[:BATCH])
    if not due:
        return 0
    try:
        waiting = set(tickets.waiting(QUEUE))
    except (RedisError, OSError):
        return 0
    return sum(put_now(pk) for pk in due if ticket(pk) not in waiting)


def send(pk: int) -> bool:
    """What a worker does with a ticket. Whether the letter was handed to the mail server."""
    row = claim(pk)
    if row is None:
        return False
    try:
        write(row).send()
    except Exception:
        put_off(row)
        return False
    Notification.objects.filter(pk=pk).update(mailed_at=timezone.now())
    return True


def claim(pk: int) -> Notification | None:
    """The letter, if it is due and nobody else has it in hand."""
    row = Notification.objects.select_related("owner", "job__source_set", "job__dataset").filter(pk=pk).first()
    now = timezone.now()
    if row is None or row.mailed_at or row.mail_due_at is None or row.mail_due_at > now:
        return None
    again = now + max(FIRST_RETRY, now - row.created_at) if row.owner.is_active else None
    held = Notification.objects.filter(pk=pk, mailed_at__isnull=True, mail_due_at=row.mail_due_at)
    return row if held.update(mail_due_at=again) and again else None


def put_off(row: Notification) -> None:
    """Its next time is set already; what nobody could send for a day is left."""
    if timezone.now() - row.created_at < GIVEN_UP_AFTER:
        logger.warning("Letter %d was not sent; it is tried again", row.pk, exc_info=True)
        return
    Notification.objects.filter(pk=row.pk).update(mail_due_at=None)
    logger.exception("Letter %d was given up: it could not be sent for a day", row.pk)


def write(row: Notification) -> EmailMultiAlternatives:
    """In the reader's language and hours."""
    reader: Any = row.owner  # whatever settings.AUTH_USER_MODEL is
    # Of a letter that came late the dataset may be deleted already.
    dataset, succeeded = getattr(row.job, "dataset", None), row.kind == Notification.Kind.SUCCEEDED
    context = {"job": row.job, "dataset": dataset, "succeeded": succeeded, "reader": reader, "site": settings.SITE_URL}
    zone = getattr(reader, "time_zone", settings.TIME_ZONE)
    with translation.override(getattr(reader, "language", settings.LANGUAGE_CODE)), timezone.override(zone):
        subject, _, body = render_to_string("notifications/letter.txt", context).strip().partition("\n")
        html = render_to_string("notifications/letter.html", context | {"subject": subject})
    address = getattr(reader, reader.get_email_field_name())
    connection = get_connection(timeout=ANSWER_SECONDS)
    letter = EmailMultiAlternatives(
        " ".join(subject.split()), body.strip() + "\n", None, [address], connection=connection
    )
    letter.attach_alternative(html, "text/html")
    return letter
