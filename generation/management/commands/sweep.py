import logging
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connections

from generation import abandoned, recovery

logger = logging.getLogger(__name__)
# What nobody goes on with for days need not be looked for each second.
TIDY_SECONDS = 3600


class Command(BaseCommand):
    help = "Puts lost workers' tasks and lost tickets back, once a second."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")

    tidied_at = 0.0

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        while True:
            self.sweep()
            if once:
                return
            time.sleep(1)

    def sweep(self) -> None:
        try:
            if put_right := self.put_right():
                logger.info("%d things put right", put_right)
        except DatabaseError:
            logger.exception("Nothing was swept")
            connections.close_all()

    def put_right(self) -> int:
        return recovery.sweep() + self.tidy()

    def tidy(self) -> int:
        if self.tidied_at and time.monotonic() - self.tidied_at < TIDY_SECONDS:
            return 0
        self.tidied_at = time.monotonic()
        return abandoned.remove_uploads() + abandoned.remove_orphans()
