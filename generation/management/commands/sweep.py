import logging
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connections

from generation import abandoned, formats, leftovers, recovery

logger = logging.getLogger(__name__)
# What nobody goes on with for days need not be looked for each second.
TIDY_SECONDS = 3600
# Whoever waits for a format looks at its page, which sees to it sooner.
FORMATS_SECONDS = 30


class Command(BaseCommand):
    help = "Puts lost workers' tasks and lost tickets back, once a second."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")

    tidied_at = 0.0
    formats_at = 0.0

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
        return recovery.sweep() + self.see_to_formats() + self.tidy()

    def see_to_formats(self) -> int:
        if self.formats_at and time.monotonic() - self.formats_at < FORMATS_SECONDS:
            return 0
        self.formats_at = time.monotonic()
        return formats.resume()

    def tidy(self) -> int:
        if self.tidied_at and time.monotonic() - self.tidied_at < TIDY_SECONDS:
            return 0
        self.tidied_at = time.monotonic()
        removed = abandoned.remove_uploads() + abandoned.remove_orphans()
        return removed + leftovers.expire() + leftovers.remove_temporary()
