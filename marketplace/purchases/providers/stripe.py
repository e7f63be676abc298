"""Stripe Checkout: the buyer pays on a page of Stripe's, and Stripe tells us of it."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.purchases.models import Chargeback, PaymentEvent, Purchase, Refund

from .interface import (
    ChargebackNews,
    GivenBack,
    Movement,
    News,
    NotFromProvider,
    Payment,
    PaymentNews,
    ProviderRefused,
    ProviderUnreachable,
    RefundNews,
    key_of,
)  # fmt: skip

if TYPE_CHECKING:
    from stripe import StripeClient

T = TypeVar("T")
Object = dict[str, Any]  # Any: JSON of Stripe
TIMEOUT_SECONDS = (5, 20)
RETRIES = 2
REFUND_STATES = {
    "succeeded": Refund.State.DONE,
    "failed": Refund.State.FAILED,
    "canceled": Refund.State.FAILED,
}
CHARGEBACK_STATES = {"won": Chargeback.State.WON, "warning_closed": Chargeback.State.WON,
                     "prevented": Chargeback.State.WON, "lost": Chargeback.State.LOST}  # fmt: skip


class Stripe:
    name = "stripe"
    at_once = False
    keeps_fee = True

    def begin(self, purchase: Purchase) -> Payment:
        options: Any = {"idempotency_key": f"page-{key_of(purchase)}"}  # Any: their types are of one version each
        return as_payment(ask(lambda client: client.v1.checkout.sessions.create(page_for(purchase), options)).to_dict())

    def look(self, purchase: Purchase) -> Payment:
        return as_payment(ask(lambda client: client.v1.checkout.sessions.retrieve(purchase.session)).to_dict())

    def end(self, purchase: Purchase) -> None:
        ask(lambda client: client.v1.checkout.sessions.expire(purchase.session))

    def refund(self, refund: Refund) -> GivenBack:
        """Stripe forgets a key after a day: whoever asks again looks first what is there.

        One that has its number is under way, and may have been made in Stripe's own pages: it is only asked after.
        """
        if refund.provider_reference:
            return as_given(ask(lambda client: client.v1.refunds.retrieve(refund.provider_reference)).to_dict())
        if refund.attempts > 1 and (made := made_before(refund)):
            return as_given(made)
        asked: Any = {  # Any: their types are of one version each
            "payment_intent": refund.purchase.provider_reference,
            "amount": refund.amount,
            "metadata": {"refund": str(refund.public_id), "purchase": str(refund.purchase.public_id)},
        }
        options: Any = {"idempotency_key": f"refund-{refund.public_id}"}
        return as_given(ask(lambda client: client.v1.refunds.create(asked, options)).to_dict())

    def told(self, body: bytes, headers: Mapping[str, str]) -> PaymentEvent:
        from stripe import SignatureVerificationError, WebhookSignature

        try:
            text = body.decode()
            WebhookSignature.verify_header(
                text, headers.get("Stripe-Signature"), settings.STRIPE_WEBHOOK_SECRET, tolerance=300
            )
            payload = json.loads(text)
            return PaymentEvent(provider=self.name, event_id=payload["id"], kind=payload["type"], payload=payload)
        except (SignatureVerificationError, ValueError, KeyError, TypeError) as error:
            raise NotFromProvider(str(error)) from None

    def news(self, payload: Object) -> News | None:
        kind, what = payload["type"], payload["data"]["object"]
        if kind.startswith("checkout.session."):
            return news_of_page(what, failed=kind.endswith("async_payment_failed"))
        if what.get("object") == "refund":
            return news_of_refund(what)
        return news_of_dispute(what) if what.get("object") == "dispute" else None

    def movements(self, since: datetime) -> Iterator[Movement]:
        asked: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}  # Any: as above
        for page in as_list(ask(lambda client: client.v1.checkout.sessions.list(asked))):
            if page["payment_status"] == "paid" and number_in(page, "purchase"):
                yield movement(page["payment_intent"], "payment", page["amount_total"], page)
        for refund in as_list(ask(lambda client: client.v1.refunds.list(asked))):
            if refund["status"] == "succeeded":
                yield movement(refund["id"], "refund", refund["amount"], refund)
        for dispute in as_list(ask(lambda client: client.v1.disputes.list(asked))):
            if dispute["status"] == "lost":
                yield movement(dispute["id"], "chargeback", dispute["amount"], dispute)


def movement(reference: str, kind: str, amount: int, what: Object) -> Movement:
    return Movement(reference, kind, amount, what["currency"].upper(), str(what["payment_intent"] or ""))


@cache
def client_for(key: str, address: str) -> "StripeClient":
    import stripe

    http = stripe.RequestsClient(timeout=TIMEOUT_SECONDS)
    return stripe.StripeClient(key, base_addresses={"api": address}, max_network_retries=RETRIES, http_client=http)


def ask(question: Callable[["StripeClient"], T]) -> T:
    """What Stripe can't do is final; anything else may have been heard, and is asked again by its key."""
    import stripe

    try:
        return question(client_for(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE))
    except (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError) as error:
        if error.http_status == 409:
            raise ProviderUnreachable(str(error)) from None
        raise ProviderRefused(str(error.user_message or error)) from None
    except stripe.StripeError as error:
        raise ProviderUnreachable(str(error)) from None


def as_list(found: Any) -> Iterator[Object]:  # Any: a ListObject of theirs
    """Over all of its pages."""
    return (one.to_dict() for one in found.auto_paging_iter())


def page_for(purchase: Purchase) -> Any:  # Any: their types are of one version each
    """The same for each call with one key, as Stripe demands."""
    address = settings.SITE_URL + reverse("payment-return", args=[purchase.public_id])
    names = {"purchase": str(purchase.public_id)}
    return {
        "mode": "payment",
        "client_reference_id": str(purchase.public_id),
        "customer_email": purchase.buyer.email,
        "locale": "ko" if purchase.buyer.language == "ko" else "en",
        "line_items": [{
            "quantity": 1,
            "price_data": {
                "currency": purchase.currency.lower(),
                # Both count in the smallest unit, and a won has no smaller one for either.
                "unit_amount": purchase.price,
                "product_data": {"name": f"{purchase.version.title} v{purchase.version.number}"},
            },
        }],
        "metadata": names,
        "payment_intent_data": {"metadata": names},
        "success_url": address,
        "cancel_url": settings.SITE_URL + reverse("checkout", args=[purchase.version.listing.public_id]),
    }  # fmt: skip


def as_payment(page: Object) -> Payment:
    paid = page["payment_status"] == "paid"
    return Payment(
        reference=str(page["payment_intent"] or ""),
        paid=paid,
        address=page["url"] or "" if page["status"] == "open" else "",
        session=page["id"],
        over=page["status"] == "expired",
        failure=_("The payment page was open for too long. Start the payment again.")
        if page["status"] == "expired"
        else "",
        amount=page["amount_total"] if paid else None,
        currency=page["currency"].upper() if paid else "",
    )


def made_before(refund: Refund) -> Object | None:
    asked: Any = {"payment_intent": refund.purchase.provider_reference, "limit": 100}  # Any: as above
    made = as_list(ask(lambda client: client.v1.refunds.list(asked)))
    return next((one for one in made if number_in(one, "refund") == refund.public_id), None)


def as_given(refund: Object) -> GivenBack:
    state = REFUND_STATES.get(refund["status"], Refund.State.PENDING)
    reason = str(refund.get("failure_reason") or refund["status"])
    return GivenBack(refund["id"], state, reason if state == Refund.State.FAILED else "")


def news_of_page(page: Object, failed: bool) -> PaymentNews | None:
    purchase = number_in(page, "purchase")
    if purchase is None:
        return None
    payment = as_payment(page)
    if failed:
        failure = _("The payment did not go through. Start the payment again, or pay another way.")
        payment = Payment(session=payment.session, over=True, failure=failure)
    return PaymentNews(purchase, payment)


def news_of_refund(refund: Object) -> RefundNews | None:
    if not refund.get("payment_intent"):
        return None
    ours = number_in(refund, "refund")
    return RefundNews(as_given(refund), ours, refund["payment_intent"], refund["amount"], refund["currency"].upper())


def news_of_dispute(dispute: Object) -> ChargebackNews | None:
    if not dispute.get("payment_intent"):
        return None
    return ChargebackNews(
        reference=dispute["id"],
        payment=dispute["payment_intent"],
        state=CHARGEBACK_STATES.get(dispute["status"], Chargeback.State.OPEN),
        amount=dispute["amount"],
        currency=dispute["currency"].upper(),
        reason=str(dispute.get("reason") or ""),
        opened_at=datetime.fromtimestamp(dispute["created"], UTC),
    )


def number_in(what: Object, name: str) -> UUID | None:
    try:
        return UUID((what.get("metadata") or {})[name])
    except (KeyError, ValueError):
        return None
