"""Stripe through its own client library, against a server here that answers as Stripe documents it."""

import json
import time

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from benchmarks.market.stripe_server import KEY, SECRET, Server, signed
from marketplace.purchases import checkout, delivery, payments, reconcile, refunds
from marketplace.purchases.checkout import CheckoutRefused
from marketplace.purchases.models import Account, PaymentEvent, Posting, Purchase, Refund
from marketplace.purchases.providers import PROVIDERS
from marketplace.purchases.providers.stripe import client_for

from . import goods

pytestmark = pytest.mark.django_db
URL = "/payments/stripe/events/"


@pytest.fixture
def stripe(settings):
    with Server() as server:
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = KEY, SECRET
        settings.STRIPE_API_BASE, settings.TEST_PAYMENTS = server.address, False
        yield server.books


@pytest.fixture
def errands(django_capture_on_commit_callbacks):
    """with errands(): what waits for a commit is done at the end."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def hear(event: dict, **how: object) -> int:
    body, mark = signed(event, **how)
    headers = {"Stripe-Signature": mark}
    return Client().post(URL, body, content_type="application/json", headers=headers).status_code


@pytest.fixture
def pending(stripe, bob, published):
    return goods.bought(bob, published)


@pytest.fixture
def paid(stripe, pending):
    stripe.pay(pending.session)
    assert hear(stripe.events[-1]) == 200
    pending.refresh_from_db()
    return pending


def test_a_purchase_waits_on_stripe_s_page(stripe, pending):
    assert pending.state == Purchase.State.PENDING
    assert payments.page_of(pending) == f"https://checkout.stripe.com/c/pay/{pending.session}"
    page = stripe.sessions[pending.session]
    assert (page["amount_total"], page["currency"]) == (9_900, "krw")
    assert delivery.bundles(pending) == []


def test_the_same_click_leads_to_the_same_page(stripe, bob, pending):
    assert goods.bought(bob, pending.version.listing).session == pending.session
    assert len(stripe.sessions) == 1


def test_a_page_that_was_begun_and_forgotten_is_found_again(stripe, bob, pending):
    """The process died between Stripe's answer and its row."""
    Purchase.objects.update(session="", payment_page="", look_at=None)
    assert goods.bought(bob, pending.version.listing).session == pending.session


def test_the_message_pays_it(paid):
    assert paid.state == Purchase.State.PAID
    assert paid.provider_reference.startswith("pi_")
    assert payments.page_of(paid) == ""
    paid.version.listing.refresh_from_db()
    assert paid.version.listing.sales_count == 1


def test_a_message_is_done_once_however_often_it_comes(stripe, paid):
    for _ in range(3):
        assert hear(stripe.events[-1]) == 200
    assert PaymentEvent.objects.count() == 1
    assert Posting.objects.count() == 2


@pytest.mark.parametrize("how", [{"secret": "whsec_another"}, {"at": time.time() - 400}])
def test_a_message_that_stripe_did_not_sign_now_is_refused(stripe, pending, how):
    stripe.pay(pending.session)
    assert hear(stripe.events[-1], **how) == 400
    assert not PaymentEvent.objects.exists()
    pending.refresh_from_db()
    assert pending.state == Purchase.State.PENDING


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"[1]"])
def test_a_message_without_signature_is_refused(stripe, body):
    assert Client().post(URL, body, content_type="application/json").status_code == 400
    mark = signed(json.loads(body))[1] if body in (b"{}", b"[1]") else "t=1,v1=0"
    headers = {"Stripe-Signature": mark}
    assert Client().post(URL, body, content_type="application/json", headers=headers).status_code == 400


def test_the_address_of_messages_takes_messages_alone(stripe, client):
    assert client.get(URL).status_code == 405
    assert client.post("/payments/nobody/events/").status_code == 404
    assert client.post("/payments/test/events/").status_code == 400


def test_messages_need_no_token_against_forgery(stripe, pending):
    stripe.pay(pending.session)
    body, mark = signed(stripe.events[-1])
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(URL, body, content_type="application/json", headers={"Stripe-Signature": mark})
    assert answer.status_code == 200


def test_another_amount_is_not_taken_for_the_price(stripe, pending):
    stripe.pay(pending.session)
    event = stripe.events[-1]
    event["data"]["object"]["amount_total"] = 99
    assert hear(event) == 200
    pending.refresh_from_db()
    assert pending.state == Purchase.State.PENDING
    assert "99 KRW" in PaymentEvent.objects.get().error


def test_a_message_of_another_shop_is_passed_over(stripe, pending):
    stripe.pay(pending.session)
    event = stripe.events[-1]
    event["data"]["object"]["metadata"] = {"order": "17"}
    assert hear(event) == 200
    assert PaymentEvent.objects.get().handled_at


def test_a_lost_message_is_made_up_for_by_asking(stripe, pending):
    stripe.pay(pending.session)
    Purchase.objects.update(look_at=timezone.now())
    assert payments.due()
    assert payments.catch_up() == 1
    pending.refresh_from_db()
    assert pending.state == Purchase.State.PAID
    assert not payments.due()


def test_the_buyer_who_comes_back_is_ahead_of_the_message(stripe, browser_of, bob, pending):
    stripe.pay(pending.session)
    answer = browser_of(bob).get(f"/payments/{pending.public_id}/return/")
    assert answer.url == f"/library/{pending.public_id}/"
    pending.refresh_from_db()
    assert pending.state == Purchase.State.PAID


def test_nobody_comes_back_from_another_s_payment(browser_of, charlie, pending):
    assert browser_of(charlie).get(f"/payments/{pending.public_id}/return/").status_code == 404
    assert browser_of(charlie).post(f"/payments/{pending.public_id}/return/").status_code == 405
    assert Client().get(f"/payments/{pending.public_id}/return/").status_code == 302


def test_a_page_that_closed_makes_room_for_another(stripe, bob, pending):
    stripe.expire_session(stripe.sessions[pending.session])
    assert hear(stripe.events[-1]) == 200
    again = goods.bought(bob, pending.version.listing)
    assert again.pk == pending.pk
    assert again.session != pending.session
    assert again.payment_number == 2


def test_money_that_comes_days_later(stripe, pending):
    stripe.pay(pending.session, later=True)
    assert hear(stripe.events[-1]) == 200
    pending.refresh_from_db()
    assert pending.state == Purchase.State.PENDING
    stripe.arrive(pending.session)
    assert hear(stripe.events[-1]) == 200
    pending.refresh_from_db()
    assert pending.state == Purchase.State.PAID


def test_money_that_never_comes_is_told_and_can_be_tried_again(stripe, bob, pending):
    stripe.pay(pending.session, later=True)
    stripe.arrive(pending.session, well=False)
    assert [hear(event) for event in stripe.events[-2:]] == [200, 200]
    pending.refresh_from_db()
    assert "did not go through" in pending.failure
    assert goods.bought(bob, pending.version.listing).payment_number == 2


def test_stripe_away_is_said_and_nothing_is_lost(stripe, settings, bob, published):
    address, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"
    with pytest.raises(CheckoutRefused, match="Nothing was charged"):
        goods.bought(bob, published)
    settings.STRIPE_API_BASE = address
    assert payments.page_of(goods.bought(bob, published))


def test_a_line_that_breaks_asks_no_second_time(stripe, bob, published):
    stripe.cut_lines = 1
    assert payments.page_of(goods.bought(bob, published))
    assert len(stripe.sessions) == 1


def test_what_was_paid_twice_goes_back(stripe, errands, bob, paid):
    second = checkout.begin(bob, paid.version, "two")
    payments.begin(second)
    stripe.pay(second.session)
    with errands():
        assert hear(stripe.events[-1]) == 200
    second.refresh_from_db()
    assert second.state == Purchase.State.REFUNDED
    assert Refund.objects.get().reason == Refund.Reason.DUPLICATE
    assert Refund.objects.get().state == Refund.State.DONE
    assert stripe.back_of(second.provider_reference) == 9_900


def test_the_other_page_is_closed_once_one_is_paid(stripe, bob, published):
    first, second = (checkout.begin(bob, published.current, key) for key in ("one", "two"))
    payments.begin(first)
    payments.begin(second)
    stripe.pay(first.session)
    hear(stripe.events[-1])
    payments.catch_up()
    assert stripe.sessions[second.session]["status"] == "expired"


def test_a_withdrawal_is_refunded_by_stripe(stripe, errands, bob, paid):
    with errands():
        refund = refunds.withdraw(paid, bob)
        assert paid.state == Purchase.State.REFUNDED
    refund.refresh_from_db()
    assert (refund.state, stripe.back_of(paid.provider_reference)) == (Refund.State.DONE, 9_900)


def test_a_refund_is_given_once_though_nobody_heard_of_it(stripe, errands, settings, paid):
    """Stripe did it, the answer was lost, and its memory of keys is gone a day later."""
    refund = refunds.refund(paid, "staff")
    stripe.cut_lines = 10
    refunds.send(refund.pk)
    stripe.cut_lines = 0
    stripe.keys.clear()
    refund.refresh_from_db()
    assert refund.state == Refund.State.PENDING
    refunds.send(refund.pk)
    refund.refresh_from_db()
    assert refund.state == Refund.State.DONE
    assert len(stripe.refunds) == 1


def test_messages_about_a_refund_in_any_order(stripe, errands, paid):
    stripe.refund_status = "pending"
    with errands():
        refund = refunds.refund(paid, "staff")
    (made,) = stripe.refunds
    stripe.finish_refund(made)
    stripe.fail_refund(made)
    for event in reversed(stripe.events[-3:]):
        assert hear(event) == 200
    refund.refresh_from_db()
    paid.refresh_from_db()
    assert (refund.state, paid.state) == (Refund.State.FAILED, Purchase.State.PAID)
    assert not Account.objects.filter(kind="refunds").exists()


def test_a_refund_that_comes_back_is_posted_back(stripe, errands, paid):
    with errands():
        refund = refunds.refund(paid, "staff")
    stripe.fail_refund(*stripe.refunds)
    assert hear(stripe.events[-1]) == 200
    paid.refresh_from_db()
    assert paid.state == Purchase.State.PAID
    assert refunds.left_of(paid) == paid.price
    assert list(reconcile.given_back(timezone.now())) == []
    refund.refresh_from_db()
    assert refund.error == "lost_or_stolen_card"


def test_a_refund_made_in_stripe_s_pages_is_known_here(stripe, paid):
    stripe.create_refund({"payment_intent": paid.provider_reference, "amount": "9900"})
    assert hear(stripe.events[-1]) == 200
    paid.refresh_from_db()
    assert paid.state == Purchase.State.REFUNDED
    assert Refund.objects.get().note


def test_a_slow_refund_made_in_stripe_s_pages_is_waited_for_and_not_made_again(stripe, paid):
    stripe.refund_status = "pending"
    stripe.create_refund({"payment_intent": paid.provider_reference, "amount": "3000"})
    assert hear(stripe.events[-1]) == 200
    payments.catch_up()
    assert (Refund.objects.get().state, len(stripe.refunds)) == (Refund.State.PENDING, 1)
    stripe.finish_refund(*stripe.refunds)
    refunds.send(Refund.objects.get().pk)
    assert Refund.objects.get().state == Refund.State.DONE


def test_a_lost_chargeback_takes_access_and_shares(stripe, paid):
    dispute = stripe.dispute(paid.provider_reference)
    stripe.close_dispute(dispute, won=False)
    for event in reversed(stripe.events[-2:]):
        assert hear(event) == 200
    paid.refresh_from_db()
    assert paid.state == Purchase.State.REFUNDED
    assert refunds.left_of(paid) == 0
    assert list(reconcile.given_back(timezone.now())) == []


def test_a_chargeback_that_is_won_changes_nothing(stripe, paid):
    before = Posting.objects.count()
    stripe.close_dispute(stripe.dispute(paid.provider_reference), won=True)
    for event in stripe.events[-2:]:
        assert hear(event) == 200
    paid.refresh_from_db()
    assert (paid.state, Posting.objects.count()) == (Purchase.State.PAID, before)


def test_a_message_ahead_of_its_payment_waits_for_it(stripe, pending):
    stripe.pay(pending.session)
    stripe.dispute(stripe.sessions[pending.session]["payment_intent"])
    completed, opened = stripe.events[-2:]
    assert hear(opened) == 200
    assert "No purchase was paid" in PaymentEvent.objects.get().error
    assert hear(completed) == 200
    PaymentEvent.objects.update(try_at=timezone.now())
    assert payments.catch_up() == 1
    assert pending.chargebacks.count() == 1


def test_stripe_keeps_its_fee_and_the_house_carries_it(stripe, errands, settings, bob, published):
    settings.PROCESSOR_FEE_BASIS_POINTS = 290
    purchase = goods.bought(bob, published)
    stripe.pay(purchase.session)
    hear(stripe.events[-1])
    with errands():
        refunds.refund(purchase, "staff")
    left = {one.kind: one.held for one in reconcile.ledger.with_balances(Account.objects.all())}
    assert (left["processor_fee"], left["platform_fee"], left["seller"]) == (287, -287, 0)


def test_no_answer_is_waited_for_inside_a_transaction(stripe, errands, paid):
    """Asked for, the refund is only written down; what asks Stripe waits for the commit."""
    refunds.refund(paid, "staff")
    assert not stripe.refunds
    assert connection.run_on_commit


def test_the_library_s_own_client_is_used(stripe, settings):
    assert client_for(KEY, settings.STRIPE_API_BASE).v1.checkout.sessions.list().data == []
    assert PROVIDERS["stripe"].keeps_fee
