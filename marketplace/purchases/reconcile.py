"""Whether ledger, purchases, payouts and the provider's own books say the same. What differs is told one by one."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from . import ledger, payouts
from .models import Account, Chargeback, PaymentEvent, Payout, Posting, Purchase, Reconciliation, Refund
from .providers import PROVIDERS
from .providers.interface import Movement, ProviderRefused, ProviderUnreachable

Kind = Account.Kind
# How far back the provider's books are read, and what is too young to be in both.
WINDOW, EDGE, ON_ITS_WAY = timedelta(days=35), timedelta(days=1), timedelta(hours=1)
TOGETHER = 1_000
PATIENCE = {"event": timedelta(hours=1), "refund": timedelta(days=1), "payout": timedelta(days=7)}

Found = Iterator[str]


def run(now: datetime | None = None) -> Reconciliation:
    """Compares everything and keeps what was found, a row for each day."""
    now = now or timezone.now()
    found = [line for check in CHECKS for line in check(now)]
    row, _new = Reconciliation.objects.update_or_create(
        day=timezone.localtime(now, timezone.get_default_timezone()).date(),
        defaults={"checked": rows_there(), "differences": found},
    )
    return row


def rows_there() -> int:
    return sum(model.objects.count() for model in (Posting, Purchase, Refund, Chargeback, Payout))


def currencies(now: datetime) -> Found:
    wrong = Posting.objects.exclude(currency=F("source__currency"), target__currency=F("currency"))
    for posting in wrong:
        yield f"Posting {posting.pk} in {posting.currency} is between accounts of another currency."


def sales(now: datetime) -> Found:
    """Each paid purchase is posted by its split; nothing else is posted."""
    for kind, share in SHARES.items():
        sold = Purchase.objects.annotate(moved=moved_for(Q(source__kind=Kind.BUYER_PAYMENTS, target__kind=kind)))
        for row in sold.filter(paid_at__isnull=False).exclude(moved=share):
            expected = ledger.shares(row)[kind]
            yield f"Purchase {row.public_id}: {row.moved} for {kind} is posted instead of {expected}."
    for purchase in Purchase.objects.filter(paid_at__isnull=True, postings__isnull=False).distinct():
        yield f"Purchase {purchase.public_id} was not paid and has postings."


SHARES = {
    Kind.SELLER: F("price") - F("fee") - F("tax") - F("processor_fee"),
    Kind.PLATFORM_FEE: F("fee"),
    Kind.TAX: F("tax"),
    Kind.PROCESSOR_FEE: F("processor_fee"),
}


def given_back(now: datetime) -> Found:
    """What went back is posted, and is never more than was paid."""
    done = total(Refund.objects.filter(state=Refund.State.DONE), "amount")
    taken = total(Chargeback.objects.all(), "taken")
    into = {kind: moved_for(Q(target__kind=kind)) - moved_for(Q(source__kind=kind)) for kind in ledger.GIVEN}
    rows = Purchase.objects.annotate(
        done=done, taken=taken, refunds_posted=into[Kind.REFUNDS], chargebacks_posted=into[Kind.CHARGEBACKS]
    )
    for purchase in rows.exclude(done=F("refunds_posted"), taken=F("chargebacks_posted")):
        yield (
            f"Purchase {purchase.public_id}: refunds of {purchase.done} and chargebacks of {purchase.taken}, "
            f"but {purchase.refunds_posted} and {purchase.chargebacks_posted} are posted."
        )
    for purchase in rows.filter(price__lt=F("done") + F("taken")):
        yield f"Purchase {purchase.public_id}: more went back than was paid."


def access(now: datetime) -> Found:
    """Who paid and was not paid back may download, and nobody else."""
    back = total(Refund.objects.exclude(state=Refund.State.FAILED), "amount") + total(Chargeback.objects.all(), "taken")
    rows = Purchase.objects.filter(paid_at__isnull=False, price__gt=0).annotate(back=back)
    for purchase in rows.filter(state=Purchase.State.PAID, back__gte=F("price")):
        yield f"Purchase {purchase.public_id} was paid back and can be downloaded."
    same = Purchase.objects.filter(buyer=OuterRef("buyer"), version=OuterRef("version"), state=Purchase.State.PAID)
    for purchase in rows.filter(state=Purchase.State.REFUNDED, back__lt=F("price")).annotate(twice=Exists(same)):
        if purchase.twice:
            yield (
                f"Purchase {purchase.public_id}: a refund did not reach the buyer, who has bought the same again. Give "
                "the money back, as it opens nothing."
            )
        else:
            yield f"Purchase {purchase.public_id} is locked, and its buyer did not get the money back."


def paid_out(now: datetime) -> Found:
    """A payout is the sum of its lines and is posted once; a seller's balance is what no payout has."""
    for payout in Payout.objects.select_related("seller").prefetch_related("lines__posting__target"):
        lines = sum(signed(line.posting) for line in payout.lines.all())
        gone = posted(payout)
        expected = 0 if payout.state == Payout.State.FAILED else payout.amount
        if lines != payout.amount or gone != expected:
            yield f"Payout {payout.public_id} of {payout.amount}: its lines make {lines}, {gone} left the account."
    for account in Account.objects.filter(kind=Kind.SELLER):
        left = payouts.waiting(account).aggregate(total=Coalesce(Sum("signed"), 0))["total"]
        if left != (held := ledger.balance(account)):
            yield f"Account {account}: its balance is {held}, and {left} are in no payout."


def signed(posting: Posting) -> int:
    return posting.amount if posting.target.kind == Kind.SELLER else -posting.amount


def posted(payout: Payout) -> int:
    out = payout.postings.filter(target__kind=Kind.PAYOUTS).aggregate(total=Sum("amount"))["total"] or 0
    back = payout.postings.filter(source__kind=Kind.PAYOUTS).aggregate(total=Sum("amount"))["total"] or 0
    return out - back


def stuck(now: datetime) -> Found:
    """What should have ended by itself and did not."""
    late = Q(handled_at__isnull=True, created_at__lt=now - PATIENCE["event"])
    for event in PaymentEvent.objects.filter(late | ~Q(error=""), created_at__gt=now - WINDOW):
        yield f"Event {event.event_id} ({event.kind}) of {event.provider}: {event.error or 'not handled'}"
    for refund in Refund.objects.filter(state=Refund.State.PENDING, created_at__lt=now - PATIENCE["refund"]):
        yield f"Refund {refund.public_id} is pending since {refund.created_at:%Y-%m-%d}. {refund.error}".strip()
    failed = Refund.objects.filter(state=Refund.State.FAILED, settled_at__gt=now - WINDOW)
    for refund in failed.filter(purchase__state=Purchase.State.PAID).exclude(
        purchase__refunds__created_at__gt=F("created_at")
    ):
        yield f"Refund {refund.public_id} did not reach the buyer: {refund.error} Ask again, or give it another way."
    for payout in Payout.objects.filter(state=Payout.State.SENT, created_at__lt=now - PATIENCE["payout"]):
        yield f"Payout {payout.public_id} was sent and nobody said that it arrived."
    lost_ones = Chargeback.objects.filter(state=Chargeback.State.LOST, settled_at__gt=now - WINDOW)
    for lost in lost_ones.filter(taken__lt=F("amount")):
        yield f"Chargeback {lost.reference} took {lost.amount}, of which {lost.taken} were left of the payment."


def providers(now: datetime) -> Found:
    """Against the provider's own books."""
    for provider in PROVIDERS.values():
        since = now - WINDOW
        if provider.at_once or not used(provider.name, since):
            continue
        try:
            theirs = {one.reference: one for one in provider.movements(since)}
        except (ProviderUnreachable, ProviderRefused) as error:
            yield f"The books of {provider.name} can't be read: {error}"
            continue
        yield from compared(provider.name, theirs, ours(provider.name, since + EDGE, now - ON_ITS_WAY))


def used(provider: str, since: datetime) -> bool:
    return Purchase.objects.filter(provider=provider, created_at__gte=since).exists()


def ours(provider: str, since: datetime, until: datetime) -> dict[str, Movement]:
    """What must stand in the provider's books of this time."""
    paid = Purchase.objects.filter(created_at__gte=since, paid_at__lt=until)
    # Those made in the provider's own pages are as old there as we may not know.
    given = Refund.objects.filter(created_at__gte=since, settled_at__lt=until, attempts__gt=0)
    lost = Chargeback.objects.filter(opened_at__gte=since, settled_at__lt=until)
    return movements(provider, paid, given, lost)


def known(provider: str, references: Collection[str]) -> dict[str, Movement]:
    """Those of the provider's movements that are here, whenever they were."""
    found: dict[str, Movement] = {}
    for some in batches(references):
        paid = Purchase.objects.filter(provider_reference__in=some)
        given = Refund.objects.filter(provider_reference__in=some)
        found |= movements(provider, paid, given, Chargeback.objects.filter(reference__in=some))
    return found


def batches(references: Collection[str]) -> Iterator[list[str]]:
    waiting = list(references)
    return (waiting[at : at + TOGETHER] for at in range(0, len(waiting), TOGETHER))


def movements(
    provider: str, paid: QuerySet[Purchase], given: QuerySet[Refund], lost: QuerySet[Chargeback]
) -> dict[str, Movement]:
    paid = paid.filter(provider=provider, paid_at__isnull=False)
    given = given.filter(purchase__provider=provider, state=Refund.State.DONE).select_related("purchase")
    lost = lost.filter(purchase__provider=provider, state=Chargeback.State.LOST).select_related("purchase")
    rows = [
        Movement(one.provider_reference, "payment", one.price, one.currency, one.provider_reference) for one in paid
    ]
    rows += [
        Movement(one.provider_reference, "refund", one.amount, one.currency, one.purchase.provider_reference)
        for one in given
    ]
    rows += [
        Movement(one.reference, "chargeback", one.amount, one.currency, one.purchase.provider_reference) for one in lost
    ]
    return {row.reference: row for row in rows}


def compared(provider: str, theirs: dict[str, Movement], sure: dict[str, Movement]) -> Found:
    here = known(provider, theirs)
    payments = known(provider, {one.payment for one in theirs.values()})
    for reference, one in theirs.items():
        mine = here.get(reference)
        if mine is None and (one.kind == "payment" or one.payment in payments):
            yield f"The provider has a {one.kind} of {one.amount} {one.currency} ({reference}) that is not here."
        elif mine is not None and (mine.amount, mine.currency) != (one.amount, one.currency):
            yield f"{reference}: {one.amount} {one.currency} at the provider, {mine.amount} {mine.currency} here."
    for reference in sure.keys() - theirs.keys():
        one = sure[reference]
        yield f"A {one.kind} of {one.amount} {one.currency} ({reference}) is here and not at the provider."


def moved_for(which: Q) -> Coalesce:
    """The sum of a purchase's postings of one sort."""
    return total(Posting.objects.filter(which), "amount")


def total(rows: QuerySet, column: str) -> Coalesce:
    sums = rows.filter(purchase=OuterRef("pk")).order_by().values("purchase").annotate(total=Sum(column))
    return Coalesce(Subquery(sums.values("total"), output_field=BigIntegerField()), 0)


CHECKS: list[Callable[[datetime], Found]] = [currencies, sales, given_back, access, paid_out, stuck, providers]
