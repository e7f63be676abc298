from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from marketplace.listings import indexing


class Command(BaseCommand):
    help = "Makes the search index of published listings and its vocabulary anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--missing", action="store_true", help="only listings that have no entry yet")

    def handle(self, *, missing: bool = False, **options: Any) -> None:
        made = indexing.fill() if missing else indexing.rebuild()
        self.stdout.write(f"{made} listings indexed.")
