from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace.moderation import audit


class Command(BaseCommand):
    help = "Computes every hash of the audit trail again, and names the first row that was changed, added or removed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--noted",
            metavar="NUMBER:HASH",
            help="An end of the chain that this command printed before and that was kept elsewhere. Whoever owns the "
            "database could write a whole new chain: not one that goes through this.",
        )

    def handle(self, *args: Any, noted: str | None, **options: Any) -> None:
        for fault in audit.faults(known(noted) if noted else None):
            raise CommandError(fault)
        number, digest = audit.end()
        self.stdout.write(f"{number} rows, unbroken. Keep this elsewhere: {number}:{digest}")


def known(noted: str) -> tuple[int, str]:
    number, _colon, digest = noted.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise CommandError("--noted takes what this command printed: a number, a colon and 64 digits.")
    return int(number), digest
