import sys
from typing import Any

from django.core.management.base import BaseCommand

from marketplace.purchases import reconcile


class Command(BaseCommand):
    help = "Compares ledger, purchases, payouts and the provider's books; prints what differs; exits 1 if any."

    def handle(self, *args: Any, **options: Any) -> None:
        row = reconcile.run()
        for difference in row.differences:
            self.stdout.write(self.style.ERROR(difference))
        if row.differences:
            self.stderr.write(f"{len(row.differences)} differences in {row.checked} rows.")
            sys.exit(1)
        self.stdout.write(f"No difference in {row.checked} rows.")
