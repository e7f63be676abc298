"""From a purchase that waits for money to one that is paid, by whatever way the news comes.

At once, by a message of the provider, by the buyer coming back, or by asking again.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from generation import notifications
from marketplace.accounts import background, letters

from . import chargebacks, ledger, receipts, refunds, signals, stopped
from .models import PaymentEvent, Purchase, Refund
from .providers import PROVIDERS
from .providers.interface import (
    ChargebackNews,
    News,
    Payment,
    PaymentNews,
    ProviderRefused,
    ProviderUnreachable,
    RefundNews,
)  # fmt: skip

logger = logging.getLogger(__name__)
State = Purchase.State
# Without a message the provider is asked after two minutes, then at twice the age each time, until the page is over.
FIRST_LOOK, LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=6)
# So long a message may wait for what it speaks of; it may be of another shop of the same account.
EVENT_PATIENCE = timedelta(days=3)
# What can't be done yet is tried again, later each time; first by whoever took the message.
FIRST_TRY, LAST_TRY = timedelta(seconds=5), timedelta(minutes=10)


class BoughtMeanwhile(Exception):
    """The buyer has this version by another checkout; what this one took goes back."""


class Unmatched(Exception):
    """A message about something that is not here, or not here yet."""


def begin(purchase: Purchase) -> None:
    """Asks for the price. Outside any transaction. Raises ProviderUnreachable, ProviderRefused, BoughtMeanwhile."""
    provider = PROVIDERS[purchase.provider]
    if purchase.session:
        look(purchase)
    if purchase.state == State.PENDING and not purchase.session:
        try:
            heard(purchase, provider.begin(purchase))
        except ProviderRefused as refused:
            turn_page(purchase, Payment(session=purchase.session, failure=str(refused)))
            raise
    purchase.refresh_from_db()


def look(purchase: Purchase) -> None:
    """Asks what became of the page that was begun, and closes one that nobody needs any more."""
    provider = PROVIDERS[purchase.provider]
    payment = provider.look(purchase)
    if not payment.paid and not payment.over and (superseded(purchase) or stopped.why(purchase.version)):
        provider.end(purchase)
        payment = provider.look(purchase)
    with suppress(BoughtMeanwhile):
        heard(purchase, payment)
    purchase.refresh_from_db()


def superseded(purchase: Purchase) -> bool:
    return Purchase.objects.filter(buyer=purchase.buyer_id, version=purchase.version_id, state=State.PAID).exists()


def page_of(purchase: Purchase) -> str:
    """Where the buyer pays; nothing where there is nothing to pay, or no page yet."""
    return purchase.payment_page if purchase.state == State.PENDING else ""


def heard(purchase: Purchase, payment: Payment) -> None:
    """Raises Unmatched and BoughtMeanwhile."""
    if payment.paid:
        if payment.amount is not None and (payment.amount, payment.currency) != (purchase.price, purchase.currency):
            raise Unmatched(f"{payment.amount} {payment.currency} paid for purchase {purchase.public_id}")
        if not settle(purchase, payment.reference) and purchase.provider_reference != payment.reference:
            raise Unmatched(f"Purchase {purchase.public_id} was paid once more, by {payment.reference}.")
    elif payment.over:
        turn_page(purchase, payment)
    else:
        pending = Purchase.objects.filter(pk=purchase.pk, state=State.PENDING, session__in=["", payment.session])
        when = next_look(purchase, new_page=purchase.session != payment.session)
        pending.update(session=payment.session, payment_page=payment.address, failure="", look_at=when)


def next_look(purchase: Purchase, *, new_page: bool = False) -> datetime:
    age = timezone.now() - purchase.created_at
    return timezone.now() + (FIRST_LOOK if new_page else min(max(FIRST_LOOK, age), LONGEST_PAUSE))


def turn_page(purchase: Purchase, payment: Payment) -> None:
    """That page takes no money any more: the next attempt begins another."""
    pending = Purchase.objects.filter(pk=purchase.pk, state=State.PENDING, session=payment.session)
    pending.update(
        session="", payment_page="", payment_number=F("payment_number") + 1, failure=payment.failure, look_at=None
    )


def settle(purchase: Purchase, reference: str) -> bool:
    """Pending to paid, with its postings. False if that had happened already. Raises BoughtMeanwhile."""
    pending = Purchase.objects.filter(pk=purchase.pk, state=State.PENDING)
    try:
        with transaction.atomic():
            won = pending.update(state=State.PAID, **as_paid(reference))
            if won:
                purchase.refresh_from_db()
                ledger.post_sale(purchase)
                told_of_sale(purchase)
    except IntegrityError:
        give_back(purchase, reference)
        raise BoughtMeanwhile from None
    try:
        purchase.refresh_from_db()
    except Purchase.DoesNotExist:
        # The same checkout, sent twice at once: the other one saw that it is owned, and forgot it.
        raise BoughtMeanwhile from None
    return bool(won)


def as_paid(reference: str) -> dict[str, object]:
    return {
        "paid_at": timezone.now(), "provider_reference": reference, "failure": "", "payment_page": "", "look_at": None,
    }  # fmt: skip


def told_of_sale(purchase: Purchase) -> None:
    """In the transaction: everybody who counts on it. Other pages of this buyer for it are closed soon."""
    refunds.count(purchase, 1)
    others = Purchase.objects.filter(buyer=purchase.buyer_id, version=purchase.version_id, state=State.PENDING)
    others.exclude(session="").update(look_at=timezone.now())
    signals.paid.send(Purchase, purchase=purchase)
    notifications.tell(
        purchase.version.listing.seller_id, "sale", purchase.version.title, f"/studio/sales/{purchase.public_id}/",
        price=purchase.price, currency=purchase.currency, earned=purchase.earned, version=purchase.version.number,
        test=purchase.provider == "test",
    )  # fmt: skip
    background.later(tell, purchase.pk, otherwise=tell)


def give_back(purchase: Purchase, reference: str) -> None:
    """Two checkouts of one buyer were paid. One that took nothing leaves no trace; any other is refunded whole."""
    if forget(purchase):
        return
    pending = Purchase.objects.filter(pk=purchase.pk, state=State.PENDING)
    with transaction.atomic():
        if pending.update(state=State.REFUNDED, refunded_at=timezone.now(), **as_paid(reference)):
            purchase.refresh_from_db()
            ledger.post_sale(purchase)
            asked = Refund.objects.create(
                purchase=purchase, reason=Refund.Reason.DUPLICATE, amount=purchase.price, currency=purchase.currency
            )
            refunds.begin(asked)


def forget(purchase: Purchase) -> bool:
    """A checkout that nothing was taken by. False where its provider may have taken something."""
    if not PROVIDERS[purchase.provider].at_once:
        return False
    Purchase.objects.filter(pk=purchase.pk, state=State.PENDING).delete()
    return True


def tell(purchase_id: int) -> None:
    """The buyer gets a receipt, the seller hears of the sale. A repeated ticket may repeat the letters."""
    related = Purchase.objects.select_related("buyer", "version__listing__seller", "version__licence")
    purchase = related.filter(pk=purchase_id).first()
    if purchase is None:
        return
    address = settings.SITE_URL + reverse("purchase", args=[purchase.public_id])
    context = {"purchase": purchase, "version": purchase.version, "address": address}
    receipts.send(purchase)
    letters.write(purchase.version.listing.seller, "purchases/sold.txt", context | {"earned": purchase.earned})


def receive(provider: str, body: bytes, headers: Mapping[str, str]) -> PaymentEvent:
    """Keeps a message, once, and does what it says. Raises NotFromProvider."""
    told = PROVIDERS[provider].told(body, headers)
    event, _new = PaymentEvent.objects.get_or_create(
        provider=provider, event_id=told.event_id, defaults={"kind": told.kind, "payload": told.payload}
    )
    handle(event)
    return event


def handle(event: PaymentEvent) -> bool:
    """All that a message does, in one transaction with the mark that it is done. What fails stays to be done again."""
    waiting = PaymentEvent.objects.filter(pk=event.pk, handled_at__isnull=True)
    age = timezone.now() - event.created_at
    later: dict[str, object] = {"try_at": timezone.now() + min(FIRST_TRY + age, LAST_TRY)}
    try:
        with transaction.atomic():
            mine = bool(waiting.update(handled_at=timezone.now(), error=""))
            if mine:
                apply(event.provider, PROVIDERS[event.provider].news(event.payload))
        return mine
    except Unmatched as unmatched:
        waiting.update(error=str(unmatched), **({"handled_at": timezone.now()} if age > EVENT_PATIENCE else later))
    except Exception as error:
        logger.exception("Event %s of %s was not handled", event.event_id, event.provider)
        waiting.update(error=f"{type(error).__name__}: {error}", **later)
    return False


def apply(provider: str, news: News | None) -> None:
    """Raises Unmatched."""
    if isinstance(news, PaymentNews):
        purchase = Purchase.objects.filter(public_id=news.purchase, provider=provider).first()
        if purchase is None:
            raise Unmatched(f"There is no purchase {news.purchase}.")
        with suppress(BoughtMeanwhile):
            heard(purchase, news.payment)
    elif isinstance(news, RefundNews):
        if not refunds.heard(news, paid_by(provider, news.payment)):
            raise Unmatched(f"Refund {news.given.reference} is not one of ours, or not yet.")
    elif isinstance(news, ChargebackNews):
        chargebacks.heard(news, paid_by(provider, news.payment))


def paid_by(provider: str, reference: str) -> Purchase:
    purchase = Purchase.objects.filter(provider=provider, provider_reference=reference, paid_at__isnull=False).first()
    if purchase is None:
        raise Unmatched(f"No purchase was paid by {reference}.")
    return purchase


def due() -> bool:
    """Whether there is anything that catch_up would do. Asked often, so by three indexes."""
    return unhandled().exists() or to_look_at().exists() or bool(refunds.due())


def unhandled() -> QuerySet[PaymentEvent]:
    return PaymentEvent.objects.filter(handled_at__isnull=True, try_at__lte=timezone.now())


def to_look_at() -> QuerySet[Purchase]:
    return Purchase.objects.filter(state=State.PENDING, look_at__lte=timezone.now())


def catch_up() -> int:
    """Completes what a crash, a lost message or a silent provider left half done. Run twice, it does it once."""
    done = sum(looked(purchase) for purchase in to_look_at())
    done += sum(sent_again(refund) for refund in refunds.due())
    # Last: a message may speak of what the others have only now found out.
    return done + sum(handle(event) for event in unhandled().order_by("created_at"))


def looked(purchase: Purchase) -> bool:
    # Whatever happens now, the next look is later.
    Purchase.objects.filter(pk=purchase.pk, state=State.PENDING).update(look_at=next_look(purchase))
    try:
        look(purchase)
    except (ProviderUnreachable, ProviderRefused, Unmatched) as error:
        logger.warning("Purchase %s could not be looked at: %s", purchase.public_id, error)
    except Exception:
        logger.exception("Purchase %s could not be looked at", purchase.public_id)
    return purchase.state != State.PENDING


def sent_again(refund_id: int) -> bool:
    """One that fails unforeseen does not hold up the others."""
    try:
        refunds.send(refund_id)
    except Exception:
        logger.exception("Refund %s was not sent", refund_id)
        return False
    return True
