import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from django.db import DatabaseError, connection

from . import endings, leaving, leftovers
from .claims import LEASE, Claim
from .models import GenerationJob

logger = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
LOOK_SECONDS = 0.5
# Work that should stop hears it where it asks. Where it does not ask for so long, its process ends without it.
DEAF_SECONDS = 2.0
# Work that asks nothing for so long hangs, and another attempt may not.
STUCK_SECONDS = 1800.0


class Heartbeat(threading.Thread):
    """Renews a claim while the work runs, in a thread with a database connection of its own.

    Call it to ask whether the claim is still held. A database that can't be reached takes no claim away: whether
    somebody else has it by now is known when it answers again, and until then nothing can be written either.
    `end` ends the process, where it is one that does nothing else.
    """

    def __init__(self, claim: Claim, end: Callable[[int], object] | None = None) -> None:
        super().__init__(name=f"heartbeat of task {claim.task.pk}", daemon=True)
        self.claim, self.end = claim, end
        self.lost = threading.Event()
        # The work knows that it should stop, and does.
        self.heard = threading.Event()
        self.over = threading.Event()
        self.renewed = self.asked = time.monotonic()
        self.deaf_since: float | None = None

    def __call__(self) -> bool:
        self.asked = time.monotonic()
        # This process has slept: whether it still holds the claim comes before anything else.
        if self.asked - self.renewed > LEASE.total_seconds():
            self.renew()
        return not self.lost.is_set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.over.set()
        self.join()

    def run(self) -> None:
        try:
            while not self.over.wait(min(LOOK_SECONDS, EVERY_SECONDS)):
                self.beat()
        finally:
            connection.close()

    def beat(self) -> None:
        try:
            if not self.lost.is_set() and time.monotonic() - self.renewed >= EVERY_SECONDS:
                self.renew()
            if self.end is not None:
                self.end_if_needed(self.end)
        except DatabaseError:
            logger.warning("%s: the database does not answer", self.name, exc_info=True)
            connection.close()

    def renew(self) -> None:
        if not self.claim.renew():
            self.lost.set()
        self.renewed = time.monotonic()

    def end_if_needed(self, end: Callable[[int], object]) -> None:
        if leaving.overdue():
            self.claim.hand_back()
            end(0)
        if time.monotonic() - self.asked > STUCK_SECONDS:
            logger.error("%s: the work hangs and is ended", self.name)
            end(1)
        if self.is_deaf():
            self.free()
            end(0)

    def is_deaf(self) -> bool:
        now = time.monotonic()
        if self.heard.is_set() or not (self.lost.is_set() or self.is_discarded()):
            self.deaf_since = None
        elif self.deaf_since is None:
            self.deaf_since = now
        return self.deaf_since is not None and now - self.deaf_since >= DEAF_SECONDS

    def is_discarded(self) -> bool:
        discarded = GenerationJob.StopIntent.DISCARD
        return GenerationJob.objects.filter(tasks=self.claim.task.pk, stop_intent=discarded).exists()

    def free(self) -> None:
        job = GenerationJob.objects.filter(tasks=self.claim.task.pk).first()
        if job is not None and self.is_discarded():
            endings.cancel(job)
            leftovers.free(job)
