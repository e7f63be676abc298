"""What workers run. A ticket calls `work`, which claims one task of its queue and does it.

The engine's torch code is imported once a task is claimed, in the process that does it, and nowhere else.
"""

import ctypes
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import cache, partial

from django.conf import settings
from django.db import connections
from django.utils import translation
from rq.timeouts import BaseTimeoutException

from generation import claims, endings, leaving, leftovers, processes, tickets
from generation.claims import Claim, Lost
from generation.heartbeats import Heartbeat
from generation.models import JobTask

from . import disturbances
from .disturbances import patiently
from .endings_of_work import Cancelled, Impossible, Leaving, reason_for

logger = logging.getLogger(__name__)

SAMPLING = JobTask.QUEUES[JobTask.Kind.SAMPLE]
# A shard takes seconds, and so does what must be ready before the first: the process stays for the next ones a while.
# Whose they are is decided anew each time.
STAY_SECONDS = 600.0
PR_SET_PDEATHSIG = 1


def work(queue: str) -> None:
    die_with_parent()
    leaving.listen()
    connections.close_all()
    started = time.monotonic()
    while run_next(queue, os._exit) and stays(queue, time.monotonic() - started):
        tickets.take(queue)


def stays(queue: str, seconds: float) -> bool:
    return queue == SAMPLING and seconds < STAY_SECONDS and not leaving.asked.is_set()


def run_next(queue: str, end: Callable[[int], object] | None = None) -> bool:
    """False where there was nothing to do: another worker took it, or the ticket was one too many.

    `end` is as in Heartbeat.
    """
    claim = claims.claim(queue, worker=processes.own_name())
    if claim is None:
        return False
    with Heartbeat(claim, end) as alive, translation.override(claim.task.language):
        if end is not None:
            be_nice()
        run(claim, alive)
    return True


@cache
def be_nice() -> None:
    """Once in this process, from this thread on: on Linux a heartbeat that runs already keeps its place."""
    os.nice(settings.WORKER_NICENESS)


def run(claim: Claim, alive: Heartbeat) -> None:
    try:
        do(claim, alive)
    except Exception as error:
        alive.heard.set()
        patiently(partial(end, claim, error))
        if isinstance(error, BaseTimeoutException):
            raise


def end(claim: Claim, error: Exception) -> None:
    """What becomes of a task whose work was left before its end."""
    if isinstance(error, Lost):
        logger.info("Task %s was lost to another worker or ended", claim.task.pk)
    elif isinstance(error, Leaving):
        claim.hand_back()
    elif isinstance(error, Cancelled):
        cancel(claim)
    elif isinstance(error, Impossible):
        claim.fail(str(error), error.reason, final=True)
    elif (seconds := disturbances.pause(error, claim.task)) is not None:
        logger.warning("Task %s was disturbed", claim.task.pk, exc_info=error)
        claim.put_off(told(error), seconds)
    else:
        logger.error("Task %s failed", claim.task.pk, exc_info=error)
        claim.fail(told(error), reason_for(error, claim.task))


def cancel(claim: Claim) -> None:
    job = claim.task.job
    if job is not None and endings.cancel(job):
        leftovers.free(job)


def told(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


def do(claim: Claim, alive: Heartbeat) -> None:
    if claim.task.kind == JobTask.Kind.INTAKE:
        take_in(claim, alive)
    elif claim.task.kind == JobTask.Kind.TRAIN:
        from . import train

        train.run(claim, alive)
    elif claim.task.kind == JobTask.Kind.SAMPLE:
        from . import sample

        sample.run(claim, alive)
    elif claim.task.kind == JobTask.Kind.MEASURE:
        from . import measure

        measure.run(claim, alive)
    else:
        from . import finish

        finish.run(claim, alive)


def take_in(claim: Claim, alive: Heartbeat) -> None:
    from generation import intake

    assert claim.task.upload_id is not None
    intake.run_intake(claim.task.upload_id, alive)
    claim.complete()


def die_with_parent() -> None:
    """A worker that is killed takes this process with it, so that it can't go on beside its successor."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
