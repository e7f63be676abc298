"""Tickets on the queues. A ticket only says that there is work; the task's row says what and whose."""

import logging
from functools import partial

import django_rq
from django.db import transaction
from redis.exceptions import RedisError

from .models import JobTask

logger = logging.getLogger(__name__)

WORK = "generation.tasks.work"
FAILURES_KEPT_SECONDS = 3600


def put(task: JobTask) -> None:
    transaction.on_commit(partial(put_now, task.queue, task.ticket))


def put_now(queue: str, ticket: str) -> bool:
    """False when the queue can't be reached; the sweeper tries again."""
    try:
        django_rq.get_queue(queue).enqueue_call(
            WORK, kwargs={"queue": queue}, job_id=ticket, result_ttl=0, failure_ttl=FAILURES_KEPT_SECONDS
        )
    except (RedisError, OSError):
        logger.warning("Ticket %s was not put on %s", ticket, queue, exc_info=True)
        return False
    return True


def waiting(queue: str) -> list[str]:
    """Tickets that no worker has taken yet. Raises RedisError."""
    return django_rq.get_queue(queue).get_job_ids()
