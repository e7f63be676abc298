"""Tickets on the queues. A ticket only says that there is work; the task's row says what and whose."""

import logging
from functools import cache, partial
from typing import Any

import django_rq
from django.db import transaction
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.job import Job

from .models import JobTask

logger = logging.getLogger(__name__)

WORK = "generation.tasks.work"
FAILURES_KEPT_SECONDS = 3600


def put(task: JobTask) -> None:
    transaction.on_commit(partial(put_now, task.queue, task.ticket))


def queue_of(name: str) -> Queue:
    return django_rq.get_queue(name, connection=connection_to(django_rq.settings.QUEUES[name]["URL"]))


@cache
def connection_to(url: str) -> Redis:
    """Kept: opening one takes longer than putting a ticket. A person waits meanwhile, so it gives up early."""
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2, retry=Retry(NoBackoff(), 1))


def put_now(queue: str, ticket: str) -> bool:
    """False when the queue can't be reached; the sweeper tries again."""
    try:
        target = queue_of(queue)
        # All that RQ writes in one go: under load each trip to the queue's process and back is a wait.
        with target.connection.pipeline() as pipeline:
            target.enqueue_call(
                WORK,
                kwargs={"queue": queue},
                job_id=ticket,
                result_ttl=0,
                failure_ttl=FAILURES_KEPT_SECONDS,
                pipeline=pipeline,
            )
            pipeline.execute()
    except (RedisError, OSError):
        logger.warning("Ticket %s was not put on %s", ticket, queue, exc_info=True)
        return False
    return True


def waiting(queue: str) -> list[str]:
    """Tickets that no worker has taken yet. Raises RedisError."""
    return queue_of(queue).get_job_ids()


def number_waiting(queue: str) -> int:
    """Raises RedisError."""
    return int(queue_of(queue).count)


def take(queue: str) -> None:
    """One ticket off the queue, for a worker that goes on without going back to it. The oldest: any serves any task."""
    try:
        target = queue_of(queue)
        ticket: Any = target.connection.lpop(target.key)  # Any: bytes or None, as this is no pipeline
        if ticket is not None:
            target.connection.delete(Job.key_for(ticket.decode()))
    except (RedisError, OSError):
        logger.warning("No ticket was taken off %s", queue, exc_info=True)
