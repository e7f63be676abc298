"""Where a seller's earnings go. Whatever changes about it has to be verified by staff again."""

import re

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.accounts import background, letters
from marketplace.accounts.models import User

from . import account_numbers
from .models import PayoutAccount

State = PayoutAccount.State
NUMBER = re.compile(r"[0-9A-Z]{6,34}")


def clean_number(written: str) -> str:
    """Digits, or an IBAN: without the spaces and hyphens that people write. Raises ValueError."""
    number = re.sub(r"[\s-]", "", written).upper()
    if not NUMBER.fullmatch(number) or sum(letter.isdigit() for letter in number) < 6:
        raise ValueError(_("An account number has 6 to 34 digits, or is an IBAN."))
    return number


def save(owner: User, currency: str, bank: str, holder: str, number: str) -> PayoutAccount:
    """The same once more changes nothing. Payouts wait until staff have verified what is new."""
    with transaction.atomic():
        row = PayoutAccount.objects.select_for_update().filter(owner=owner, currency=currency).first()
        if row is not None and (row.bank, row.holder, number_of(row)) == (bank, holder, number):
            return row
        row = row or PayoutAccount(owner=owner, currency=currency)
        row.bank, row.holder, row.number = bank, holder, account_numbers.seal(number)
        row.last_digits = account_numbers.last_digits(number)
        row.state, row.reason, row.verified_by, row.verified_at = State.PENDING, "", None, None
        row.save()
        background.later(tell, row.pk, otherwise=tell)
    return row


def number_of(row: PayoutAccount) -> str:
    """Empty where it was sealed under a key that is gone: it has to be written again."""
    try:
        return account_numbers.opened(row.number)
    except account_numbers.Unreadable:
        return ""


def tell(account_id: int) -> None:
    """By letter, so that the owner hears of a change that somebody else made."""
    row = PayoutAccount.objects.select_related("owner").filter(pk=account_id).first()
    if row is not None:
        letters.write(row.owner, "purchases/account_changed.txt", {"account": row})


def by_currency(owner: User) -> dict[str, PayoutAccount]:
    return {row.currency: row for row in PayoutAccount.objects.filter(owner=owner)}
