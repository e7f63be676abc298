"""Sales as a table for spreadsheets. What people typed can't become a formula in it."""

import csv
import io
from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils import timezone

from marketplace.listings.rules import plain_amount

from . import ledger
from .models import Purchase

# How a formula begins, in its wide forms too, and what hides its beginning.
DANGEROUS = "=+-@＝＋－＠\t\r\n|%"
COLUMNS = [
    "sale", "paid_at", "title", "version", "state", "currency", "gross", "fee", "refunded", "net", "payable_on",
    "payout",
]  # fmt: skip
AT_ONCE = 500


def as_csv(sold: QuerySet[Purchase]) -> str:
    """With a mark at its beginning, by which Excel reads Korean; times and days are those of whoever reads."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows(sold))
    return text.getvalue()


def rows(sold: QuerySet[Purchase]) -> Iterator[list[str]]:
    batch: list[Purchase] = []
    for purchase in sold.iterator(chunk_size=AT_ONCE):
        batch.append(purchase)
        if len(batch) == AT_ONCE:
            yield from (row(earning) for earning in ledger.earnings_of(batch))
            batch = []
    yield from (row(earning) for earning in ledger.earnings_of(batch))


def row(earning: ledger.Earning) -> list[str]:
    purchase = earning.purchase
    figures = (earning.gross, earning.fee, earning.refunded, earning.net)
    return [
        str(purchase.public_id),
        timezone.localtime(purchase.paid_at).isoformat(timespec="seconds"),
        harmless(purchase.version.title),
        str(purchase.version.number),
        purchase.state,
        purchase.currency,
        *(plain_amount(figure, purchase.currency) for figure in figures),
        timezone.localdate(earning.payable_on).isoformat() if earning.payable_on else "",
        str(earning.payout.public_id) if earning.payout else "",
    ]


def harmless(text: str) -> str:
    return f"'{text}" if text.lstrip()[:1] in tuple(DANGEROUS) or text[:1] in tuple(DANGEROUS) else text
