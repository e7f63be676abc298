"""What the site's sweeper does for money: it notices; the work, which asks a provider, is done by a worker."""

import time
from collections.abc import Callable

import django_rq
from django.utils import timezone
from redis.exceptions import RedisError

from marketplace.accounts import background

from . import payments, payouts, reconcile
from .models import Reconciliation

LOOK_SECONDS = 5
# Early in the morning, where the site is.
NIGHT_HOUR = 4
# RQ's words for a ticket that somebody still sees to.
ALIVE = ("queued", "started", "deferred", "scheduled")
looked_at = 0.0


def sweep() -> int:
    """Called each second."""
    global looked_at
    if time.monotonic() - looked_at < LOOK_SECONDS:
        return 0
    looked_at = time.monotonic()
    due = [errand for errand, is_due in ((payments.catch_up, payments.due), (nightly, night_is_due)) if is_due()]
    return sum(put(errand) for errand in due)


def put(errand: Callable[[], object]) -> bool:
    try:
        job = django_rq.get_queue(background.QUEUE).fetch_job(background.ticket(errand))
        if job is not None and job.get_status() in ALIVE:
            return False
    except (RedisError, OSError):
        return False
    background.put(errand)
    return True


def night_is_due() -> bool:
    now = timezone.localtime(timezone.now(), timezone.get_default_timezone())
    return now.hour >= NIGHT_HOUR and not Reconciliation.objects.filter(day=now.date()).exists()


def nightly() -> None:
    """Payouts are planned, those that a provider makes are sent, then everything is compared, whatever came of that."""
    try:
        payouts.plan()
        for payout in payouts.open_ones():
            payouts.send(payout)
    finally:
        reconcile.run()
