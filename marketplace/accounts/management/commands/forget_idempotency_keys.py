from typing import Any

from django.core.management.base import BaseCommand

from marketplace.accounts.idempotency import forget_all_old


class Command(BaseCommand):
    help = "Deletes the kept answers of creating calls that are older than a day. Run it daily."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{forget_all_old()} forgotten.")
