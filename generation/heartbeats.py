import logging
import threading
import time
from types import TracebackType
from typing import Self

from django.db import DatabaseError, connection

from .claims import LEASE, Claim

logger = logging.getLogger(__name__)

EVERY_SECONDS = 2.0


class Heartbeat(threading.Thread):
    """Renews a claim while the work runs, in a thread with a database connection of its own.

    Call it to ask whether the claim is still held.
    """

    def __init__(self, claim: Claim) -> None:
        super().__init__(name=f"heartbeat of task {claim.task.pk}", daemon=True)
        self.claim = claim
        self.lost = threading.Event()
        self.over = threading.Event()

    def __call__(self) -> bool:
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
        renewed = time.monotonic()
        try:
            while not self.over.wait(EVERY_SECONDS) and not self.lost.is_set():
                if self.renew():
                    renewed = time.monotonic()
                elif time.monotonic() - renewed > LEASE.total_seconds():
                    self.lost.set()
        finally:
            connection.close()

    def renew(self) -> bool:
        try:
            if not self.claim.renew():
                self.lost.set()
            return not self.lost.is_set()
        except DatabaseError:
            logger.warning("%s was not renewed", self.name, exc_info=True)
            connection.close()
            return False
