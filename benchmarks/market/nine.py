"""The nine things that hold about money at every moment, looked up in plain rows: none of the ledger's sums is used."""

from collections import Counter
from collections.abc import Iterator

from django.utils import timezone

from benchmarks.market.trade import Rows, Trade
from marketplace.purchases import delivery, ledger, payouts
from marketplace.purchases.models import Account, Chargeback, PaymentEvent, Payout, Posting, Purchase, Refund

Kind = Account.Kind
SHARES = {Kind.SELLER: "earned", Kind.PLATFORM_FEE: "fee", Kind.TAX: "tax", Kind.PROCESSOR_FEE: "processor_fee"}
# Each share is rounded for itself, so the units that are left are fewer than there are shares.
ROUNDING = len(SHARES)
Row = tuple[object, ...]


class Watch:
    """Remembers what may not change, from one look to the next."""

    def __init__(self, trade: Trade) -> None:
        self.trade = trade
        self.postings: dict[int, Row] = {}
        self.splits: dict[int, Row] = {}

    def faults(self, rows: Rows) -> list[str]:
        looks = (
            self.postings_stay(rows), self.splits_stay(rows), shared(rows), self.events_come_once(), access(rows),
            chargebacks(rows), paid_out(rows), self.payable(rows),
        )  # fmt: skip
        return [f"{self.trade.name}: {fault}" for look in looks for fault in look]

    def postings_stay(self, rows: Rows) -> Iterator[str]:
        """1. No row is changed or deleted; each is between accounts of its currency; balances are the sums of rows."""
        now: dict[int, Row] = {one.pk: as_row(one) for one in rows.postings}
        for pk, row in self.postings.items():
            if now.get(pk) != row:
                yield f"1: posting {row} became {now.get(pk)}"
        self.postings = now
        for one in rows.postings:
            if {one.source.currency, one.target.currency} != {one.currency}:
                yield f"1: posting {one.pk} is between accounts of another currency"
        held = rows.balances()
        if sum(held.values()):
            yield "1: the balances do not sum to nothing"
        for account in rows.accounts:
            if ledger.balance(account) != held[account.pk]:
                yield f"1: the balance of {account} is not the sum of its postings"

    def splits_stay(self, rows: Rows) -> Iterator[str]:
        """2. and 4. What was agreed on is what is shared, and given back, later."""
        for one in rows.purchases:
            split = one.price, one.fee, one.tax, one.processor_fee
            if self.splits.setdefault(one.pk, split) != split:
                yield f"2: the split of {one.attempt_key} changed"

    def events_come_once(self) -> Iterator[str]:
        """3. One row for each event of the provider's."""
        told = PaymentEvent.objects.filter(event_id__in=[event["id"] for event in self.trade.books.events])
        counted = Counter(told.values_list("event_id", flat=True))
        yield from (f"3: event {event} is there {count} times" for event, count in counted.items() if count > 1)

    def payable(self, rows: Rows) -> Iterator[str]:
        """6. and 7. What may go now, what is disputed and what is too young are the whole balance, below zero too."""
        held = rows.balances()
        for account in rows.accounts:
            parts = payouts.sorted_by_when(account, timezone.now())
            if sum(parts.values()) != held[account.pk]:
                yield f"6: {parts} is not the balance {held[account.pk]}"


def as_row(one: Posting) -> Row:
    return one.source_id, one.target_id, one.amount, one.currency, one.reason, one.purchase_id, one.payout_id


def shared(rows: Rows) -> Iterator[str]:
    """2. and 4. What the buyer paid is shared by the split; never more than that goes back, and by the same split."""
    for purchase in rows.purchases:
        held = moved(rows.posted(purchase))
        if purchase.paid_at is None:
            yield from (f"2: {purchase.attempt_key} was not paid and moved {held}" for _ in [held] if held)
        else:
            yield from shared_by_split(purchase, held, *back(rows, purchase))


def moved(postings: list[Posting]) -> Counter[str]:
    """What each kind of account has."""
    held: Counter[str] = Counter()
    for one in postings:
        held[one.source.kind] -= one.amount
        held[one.target.kind] += one.amount
    return held


def back(rows: Rows, purchase: Purchase) -> tuple[int, int]:
    """Refunds that were done, and what chargebacks took."""
    given = [one for one in rows.refunds if one.purchase_id == purchase.pk]
    done = sum(one.amount for one in given if one.state == Refund.State.DONE)
    return done, sum(one.taken for one in rows.chargebacks if one.purchase_id == purchase.pk)


def shared_by_split(purchase: Purchase, held: Counter[str], done: int, taken: int) -> Iterator[str]:
    click, price, given = purchase.attempt_key, purchase.price, done + taken
    if held[Kind.BUYER_PAYMENTS] != -price:
        yield f"2: {-held[Kind.BUYER_PAYMENTS]} of {price} of {click} are posted"
    posted = held[Kind.REFUNDS], held[Kind.CHARGEBACKS]
    if posted != (done, taken):
        yield f"4: {done} and {taken} of {click} went back, but {posted} are posted"
    if given > price:
        yield f"4: {given} of {price} of {click} went back"
    if abs(held[Kind.ROUNDING]) > ROUNDING or (given in (0, price) and held[Kind.ROUNDING]):
        yield f"2: rounding left {held[Kind.ROUNDING]} of {click}"
    expected = {kind: rest(getattr(purchase, share), given, price) for kind, share in SHARES.items()}
    # A provider that keeps its fee is paid it by the house.
    kept = purchase.processor_fee - expected[Kind.PROCESSOR_FEE] if purchase.provider == "stripe" else 0
    expected[Kind.PROCESSOR_FEE] += kept
    expected[Kind.PLATFORM_FEE] -= kept
    for kind, amount in expected.items():
        if held[kind] != amount:
            yield f"4: {kind} has {held[kind]} of {click}, by the split it is {amount}"


def rest(share: int, given: int, price: int) -> int:
    return share - share * given // price if price else 0


def access(rows: Rows) -> Iterator[str]:
    """5. Whoever paid and was not paid back can download, and nobody else."""
    owned = {(one.buyer_id, one.version_id) for one in rows.purchases if may(one)}
    for purchase in rows.purchases:
        asked = [one for one in rows.refunds if one.purchase_id == purchase.pk and one.state != Refund.State.FAILED]
        left = purchase.price - sum(one.amount for one in asked) - back(rows, purchase)[1]
        kept = purchase.paid_at is not None and (left > 0 or not purchase.price)
        if may(purchase) and not kept:
            yield f"5: {purchase.attempt_key} is {purchase.state}, was paid back and can be downloaded"
        if kept and (purchase.buyer_id, purchase.version_id) not in owned:
            yield f"5: {purchase.attempt_key} is {purchase.state}, was paid and is locked"


def may(purchase: Purchase) -> bool:
    try:
        delivery.refuse(purchase)
    except delivery.NotDelivered:
        return bool(delivery.bundles(purchase))
    return True


def chargebacks(rows: Rows) -> Iterator[str]:
    """4. Only a lost one takes."""
    for one in rows.chargebacks:
        if one.taken and (one.state != Chargeback.State.LOST or one.taken > one.amount):
            yield f"4: {one.reference} is {one.state} and took {one.taken} of {one.amount}"


def paid_out(rows: Rows) -> Iterator[str]:
    """6. A payout is its lines, none of which is in two; what failed came back."""
    counted = Counter(one.posting_id for one in rows.lines if not one.returned)
    yield from (f"6: posting {posting} is in {count} payouts" for posting, count in counted.items() if count > 1)
    posted = {one.pk: one for one in rows.postings}
    paid_at = {one.pk: one.paid_at for one in rows.purchases}
    for payout in rows.payouts:
        failed = payout.state == Payout.State.FAILED
        lines = [one for one in rows.lines if one.payout_id == payout.pk]
        of = [posted[one.posting_id] for one in lines]
        total = sum(one.amount if one.target.kind == Kind.SELLER else -one.amount for one in of)
        if total != payout.amount or any(one.returned != failed for one in lines):
            yield f"6: payout {payout.pk}, {payout.state}, of {payout.amount} has lines of {total}"
        moments = [paid_at[one.purchase_id or 0] for one in of]
        if any(moment is None or moment >= payouts.last_payable(payout.created_at) for moment in moments):
            yield f"6: payout {payout.pk} has a sale that was too young"
        left = moved([one for one in rows.postings if one.payout_id == payout.pk])[Kind.PAYOUTS]
        if left != (0 if failed else payout.amount):
            yield f"6: payout {payout.pk}, {payout.state}, of {payout.amount} moved {left}"
