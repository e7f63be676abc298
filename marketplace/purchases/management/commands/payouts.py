import csv
import os
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from marketplace.listings.models import MINOR_DIGITS
from marketplace.listings.rules import as_amount
from marketplace.purchases import account_numbers, payouts
from marketplace.purchases.models import Payout

COLUMNS = ["payout", "bank", "account", "holder", "amount", "currency"]


class Command(BaseCommand):
    help = (
        "Plans what sellers may be paid now, and lists what is planned. With --bank-file it hands that to the bank; "
        "--paid and --failed say what became of one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be planned, and plan nothing")
        parser.add_argument(
            "--bank-file",
            type=Path,
            help="write the planned ones here for the bank; they count as sent. Once more with "
            "the name of a file that was never finished, it writes the same ones",
        )
        parser.add_argument("--paid", type=UUID, metavar="PAYOUT", help="this one arrived")
        parser.add_argument("--failed", type=UUID, metavar="PAYOUT", help="this one came back")
        parser.add_argument("--reference", default="", help="of the bank, with --paid")
        parser.add_argument("--reason", default="", help="for the seller, with --failed")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["paid"]:
            return self.settle(payouts.paid(found(options["paid"]), options["reference"]))
        if options["failed"]:
            if not options["reason"]:
                raise CommandError("Say why with --reason: the seller reads it.")
            return self.settle(payouts.failed(found(options["failed"]), options["reason"]))
        with transaction.atomic():
            planned = payouts.plan()
            self.list(planned if options["dry_run"] else list(payouts.open_ones()))
            transaction.set_rollback(options["dry_run"])
        if options["dry_run"]:
            return None
        return self.hand_over(options["bank_file"])

    def settle(self, changed: bool) -> None:
        if not changed:
            raise CommandError("That payout had ended already.")

    def list(self, planned: list[Payout]) -> None:
        for payout in planned:
            self.stdout.write(f"{payout.public_id}  {as_amount(payout.amount, payout.currency):>16}  {payout.seller}")
        self.stdout.write(f"{len(planned)} payouts are planned.")

    def hand_over(self, path: Path | None) -> None:
        """A provider is asked; what only a person can do counts as sent before it stands in a file: never in two."""
        for payout in payouts.open_ones():
            payouts.send(payout)
        if path is None:
            return
        if path.exists():
            raise CommandError(f"{path} is there already. Name another file, so that nothing is paid twice.")
        by_hand = payouts.hand_over(path.name)
        if not by_hand:
            return
        write(path, by_hand)
        self.stdout.write(f"{len(by_hand)} payouts are in {path}. Say --paid or --failed for each once the bank has.")


def found(number: UUID) -> Payout:
    payout = Payout.objects.filter(public_id=number).first()
    if payout is None:
        raise CommandError(f"There is no payout {number}.")
    return payout


def number_of(payout: Payout) -> str:
    try:
        return account_numbers.opened(payout.account.number)
    except account_numbers.Unreadable:
        raise CommandError(
            f"The account number of {payout.seller} was sealed under another key. Say --failed {payout.public_id}, "
            "then ask for the same file again."
        ) from None


def write(path: Path, by_hand: list[Payout]) -> None:
    """Whole or not at all, and for its owner's eyes alone: it holds the numbers of accounts."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        for payout in by_hand:
            bank = payout.account
            number = number_of(payout)
            amount = Decimal(payout.amount).scaleb(-MINOR_DIGITS[payout.currency])
            lines.writerow([payout.public_id, bank.bank, number, bank.holder, amount, payout.currency])
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
