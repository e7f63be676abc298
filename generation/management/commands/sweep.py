import logging
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connections

from generation import recovery

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Puts lost workers' tasks and lost tickets back, once a second."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")

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
        return recovery.sweep()
