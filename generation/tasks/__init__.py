"""What workers run. A ticket calls `work`, which claims one task of its queue and does it.

The engine's torch code is imported once a task is claimed, in the process that does it, and nowhere else.
"""

import ctypes
import logging
import os
import signal
import socket
import sys
import time
import traceback

from django.db import connections
from django.utils import translation
from rq.timeouts import BaseTimeoutException

from generation import claims, endings
from generation.claims import Claim, Lost
from generation.heartbeats import Heartbeat
from generation.models import JobTask

from .endings_of_work import Cancelled, Impossible, reason_for

logger = logging.getLogger(__name__)

NICENESS = 10
SAMPLING = JobTask.QUEUES[JobTask.Kind.SAMPLE]
# A shard takes seconds, and so does what must be ready before the first: the process stays for the next ones a while.
# Whose they are is decided anew each time; tickets that are left over are harmless.
STAY_SECONDS = 20.0
PR_SET_PDEATHSIG = 1


def work(queue: str) -> None:
    die_with_parent()
    os.nice(NICENESS)
    connections.close_all()
    started = time.monotonic()
    while run_next(queue) and queue == SAMPLING and time.monotonic() - started < STAY_SECONDS:
        pass


def run_next(queue: str) -> bool:
    """False where there was nothing to do: another worker took it, or the ticket was one too many."""
    claim = claims.claim(queue, worker=f"{socket.gethostname()}:{os.getpid()}")
    if claim is None:
        return False
    with Heartbeat(claim) as alive, translation.override(claim.task.language):
        run(claim, alive)
    return True


def run(claim: Claim, alive: Heartbeat) -> None:
    try:
        do(claim, alive)
    except Lost:
        logger.info("Task %s was lost to another worker or ended", claim.task.pk)
    except Cancelled:
        if claim.task.job is not None:
            endings.cancel(claim.task.job)
    except Impossible as refusal:
        claim.fail(str(refusal), refusal.reason, final=True)
    except BaseTimeoutException:
        claim.fail(traceback.format_exc())
        raise
    except Exception as error:
        logger.exception("Task %s failed", claim.task.pk)
        claim.fail(traceback.format_exc(), reason_for(error, claim.task))


def do(claim: Claim, alive: Heartbeat) -> None:
    if claim.task.kind == JobTask.Kind.INTAKE:
        take_in(claim, alive)
    elif claim.task.kind == JobTask.Kind.TRAIN:
        from . import train

        train.run(claim, alive)
    elif claim.task.kind == JobTask.Kind.SAMPLE:
        from . import sample

        sample.run(claim, alive)
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
