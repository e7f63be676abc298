"""Small errands that a request leaves to the workers of the queue `short`."""

import logging
from collections.abc import Callable
from functools import partial

import django_rq
from django.db import transaction
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

QUEUE = "short"
FAILURES_KEPT_SECONDS = 3600


def later(errand: Callable[..., object], *ids: int, otherwise: Callable[..., object] | None = None) -> None:
    """After commit: `errand` by a worker, or `otherwise` here and now if the queue can't be reached."""
    transaction.on_commit(partial(put, errand, *ids, otherwise=otherwise), robust=True)


def put(errand: Callable[..., object], *ids: int, otherwise: Callable[..., object] | None = None) -> None:
    name = f"{errand.__module__}.{errand.__qualname__}"
    try:
        django_rq.get_queue(QUEUE).enqueue_call(
            name, args=ids, job_id=ticket(errand, *ids), result_ttl=0, failure_ttl=FAILURES_KEPT_SECONDS
        )
    except (RedisError, OSError):
        logger.warning("%s%s was not put on the queue: it can't be reached", name, ids)
        if otherwise is not None:
            otherwise(*ids)


def ticket(errand: Callable[..., object], *ids: int) -> str:
    """RQ's job id: names the errand, so that it can be found on the queue."""
    return "-".join([errand.__qualname__, *map(str, ids)])
