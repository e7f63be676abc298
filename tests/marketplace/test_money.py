"""Money that can't be wrong: what is asked twice, at once, or while something else goes wrong."""

import csv
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from marketplace.purchases import account_numbers, checkout, delivery, ledger, payments, payouts, reconcile, refunds
from marketplace.purchases.checkout import CheckoutRefused
from marketplace.purchases.models import (
    Account,
    Chargeback,
    PaymentEvent,
    Payout,
    PayoutAccount,
    Posting,
    Purchase,
    Refund,
)

from . import goods
from .test_payments import errands, hear, paid, pending, stripe  # noqa: F401  # fixtures

pytestmark = pytest.mark.django_db


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each gave or raised, all begun at the same moment, each on a connection of its own."""
    start, outcomes = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        start.wait()
        try:
            outcomes.append(work())
        except Exception as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.fixture
def bank(alice):
    return PayoutAccount.objects.create(
        owner=alice, currency="KRW", bank="Shinhan", holder="Alice", number=account_numbers.seal("110123456789"),
        last_digits="6789", state=PayoutAccount.State.VERIFIED,
    )  # fmt: skip


@pytest.fixture
def old_sale(alice, bob, bank):
    """Long enough ago to be paid out."""
    purchase = goods.bought(bob, goods.published_of(alice, price=50_000))
    Purchase.objects.update(paid_at=timezone.now() - timedelta(days=30))
    return purchase


# At once.


def test_two_buyers_at_once_both_have_it(committed, alice, bob, charlie, published):
    bought = at_once(lambda: goods.bought(bob, published), lambda: goods.bought(charlie, published))
    assert [one.state for one in bought] == ["paid", "paid"]
    assert {one.kind: one.held for one in ledger.with_balances(Account.objects.all())} == {
        "buyer_payments": -19_800, "seller": 17_820, "platform_fee": 1_980,
    }  # fmt: skip
    published.refresh_from_db()
    assert published.sales_count == 2


def test_a_message_that_two_workers_take_at_once_is_done_once(committed, stripe, pending):  # noqa: F811
    stripe.pay(pending.session)
    event = stripe.events[-1]
    assert at_once(*[lambda: hear(event)] * 3) == [200, 200, 200]
    assert (PaymentEvent.objects.count(), Posting.objects.count()) == (1, 2)
    assert PaymentEvent.objects.get().handled_at


def test_two_refunds_at_once_give_back_once(committed, purchase):
    given = at_once(*[lambda: refunds.refund(Purchase.objects.get(), "staff")] * 2)
    assert sum(isinstance(one, refunds.RefundRefused) for one in given) == 1
    assert ledger.balance(Account.objects.get(kind="refunds")) == purchase.price


def test_payouts_planned_by_two_at_once_pay_once(committed, old_sale):
    at_once(*[lambda: payouts.plan()] * 2)
    assert Payout.objects.get().amount == 45_000
    assert ledger.balance(Account.objects.get(kind="seller")) == 0


def test_a_withdrawal_and_a_download_at_once_are_one_of_both(committed, bob, purchase):
    bundle = delivery.bundles(purchase)[0]
    outcomes = at_once(
        lambda: refunds.withdraw(Purchase.objects.get(), bob), lambda: delivery.note_start(purchase, bundle, "")
    )
    assert sum(isinstance(one, Exception) for one in outcomes) == 1
    purchase.refresh_from_db()
    assert (purchase.state == "refunded") == (purchase.delivery_started_at is None)


# Twice.


def test_a_form_that_staff_send_twice_gives_back_once(browser_of, mod, purchase):
    address = f"/admin/purchases/purchase/{purchase.pk}/refund/"
    form = browser_of(mod).get(address).context["form"]
    sent = {"amount": "100", "why": "Half of it is grey.", "seen": form.initial["seen"]}
    assert browser_of(mod).post(address, sent).status_code == 302
    again = browser_of(mod).post(address, sent)
    assert "given back meanwhile" in again.content.decode()
    assert Refund.objects.get().amount == 100
    assert browser_of(mod).post(address, sent | {"seen": again.context["form"]["seen"].value()}).status_code == 302


def test_the_slower_of_two_equal_clicks_gets_the_same_purchase(bob, published):
    first = checkout.begin(bob, published.current, "one")
    checkout.pay(Purchase.objects.get())
    checkout.pay(first)
    assert first.state == Purchase.State.PAID


def test_a_payment_that_comes_a_second_time_is_not_passed_over(stripe, paid):  # noqa: F811
    event = stripe.events[-1] | {"id": "evt_other"}
    event["data"]["object"]["payment_intent"] = "pi_other"
    assert hear(event) == 200
    assert "paid once more, by pi_other" in PaymentEvent.objects.get(event_id="evt_other").error
    assert any("paid once more" in line for line in reconcile.stuck(timezone.now()))


def test_a_file_for_the_bank_is_never_written_for_the_same_payout_twice(old_sale, settings, tmp_path, monkeypatch):
    settings.TEST_PAYMENTS = False
    payouts.plan()
    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", lambda _file: (_ for _ in ()).throw(OSError("disk")))
        with pytest.raises(OSError, match="disk"):
            call_command("payouts", bank_file=tmp_path / "monday.csv")
    call_command("payouts", bank_file=tmp_path / "tuesday.csv")
    assert not (tmp_path / "tuesday.csv").exists()
    call_command("payouts", bank_file=tmp_path / "monday.csv")
    assert [row["account"] for row in csv.DictReader((tmp_path / "monday.csv").open())] == ["110123456789"]
    with pytest.raises(CommandError, match="there already"):
        call_command("payouts", bank_file=tmp_path / "monday.csv")


# While something else goes wrong.


def test_one_that_fails_unforeseen_holds_up_no_other(stripe, pending, alice, bob):  # noqa: F811
    other = goods.bought(bob, goods.published_of(alice), "other")
    del stripe.sessions[pending.session]["payment_status"]
    stripe.pay(other.session)
    Purchase.objects.update(look_at=timezone.now())
    payments.catch_up()
    other.refresh_from_db()
    assert other.state == Purchase.State.PAID


def test_a_message_that_waits_is_tried_less_and_less_often(stripe, paid):  # noqa: F811
    stripe.dispute(paid.provider_reference)
    Purchase.objects.update(provider_reference="pi_unknown")
    hear(stripe.events[-1])
    waiting, waited = PaymentEvent.objects.filter(handled_at=None), []
    for age in (0, 60, 86_400):
        waiting.update(created_at=timezone.now() - timedelta(seconds=age))
        payments.handle(waiting.get())
        waited.append((waiting.get().try_at - timezone.now()).total_seconds())
    assert waited == pytest.approx([5, 65, 600], abs=1)


def test_no_page_stays_open_for_what_may_not_be_delivered(stripe, pending, monkeypatch):  # noqa: F811
    monkeypatch.setattr("marketplace.purchases.stopped.askers", [lambda version: "Taken down."])
    payments.look(pending)
    assert payments.page_of(pending) == ""
    assert [page["status"] for page in stripe.sessions.values()] == ["expired"]


def test_what_could_not_be_given_back_opens_once_the_other_is(stripe, errands, bob, paid):  # noqa: F811
    second = checkout.begin(bob, paid.version, "two")
    payments.begin(second)
    stripe.pay(second.session)
    with errands():
        hear(stripe.events[-1])
    stripe.fail_refund(*stripe.refunds)
    hear(stripe.events[-1])
    second.refresh_from_db()
    assert second.state == Purchase.State.REFUNDED
    [told] = reconcile.access(timezone.now())
    assert f"{second.public_id}: a refund did not reach the buyer, who has bought the same again" in told
    with errands():
        refunds.refund(paid, "staff")
    second.refresh_from_db()
    assert (paid.state, second.state) == ("refunded", "paid")
    assert list(reconcile.access(timezone.now())) == []


def test_a_refund_of_their_pages_that_failed_is_known_though_the_bank_took_all_meanwhile(stripe, errands, paid):  # noqa: F811
    given = stripe.create_refund({"payment_intent": paid.provider_reference, "amount": "9900"})
    stripe.fail_refund(given["id"])
    created, failed = stripe.events[-2:]
    stripe.close_dispute(stripe.dispute(paid.provider_reference), won=False)
    for event in (*stripe.events[-2:], created, failed):
        hear(event)
    row = paid.refunds.get()
    assert (row.state, row.amount, row.error) == ("failed", 9_900, "lost_or_stolen_card")
    PaymentEvent.objects.update(try_at=timezone.now())
    payments.catch_up()
    assert not PaymentEvent.objects.filter(handled_at=None).exists()


def test_a_seller_without_payout_account_holds_up_no_other(old_sale, charlie, bob):
    goods.bought(bob, goods.published_of(charlie, price=50_000), "other")
    Purchase.objects.update(paid_at=timezone.now() - timedelta(days=30))
    assert [one.seller for one in payouts.plan()] == [old_sale.version.listing.seller]


def test_more_held_than_there_is_is_said(alice, bob, old_sale):
    payouts.plan()
    Chargeback.objects.create(
        purchase=old_sale, reference="dp_1", amount=50_000, currency="KRW", opened_at=timezone.now()
    )
    ledger.post_back(old_sale, 10_000, Account.Kind.REFUNDS)
    goods.bought(bob, goods.published_of(alice, price=15_000), "other")
    Purchase.objects.update(paid_at=timezone.now() - timedelta(days=30))
    standing = payouts.of(alice, "KRW")
    assert (standing.payable, standing.held) == (13_500, -9_000)
    assert "question of the buyer's bank" in standing.reason
    assert payouts.plan() == []


# Against the provider's books.


def differences() -> list[str]:
    return list(reconcile.providers(timezone.now() + timedelta(days=2)))


def test_a_lost_chargeback_that_nobody_told_us_of_is_a_difference(stripe, paid):  # noqa: F811
    assert differences() == []
    stripe.close_dispute(stripe.dispute(paid.provider_reference), won=False)
    assert "chargeback of 9900 KRW" in " ".join(differences())
    for event in stripe.events[-2:]:
        hear(event)
    assert differences() == []


def test_what_another_shop_of_the_account_gave_back_is_no_difference(stripe, paid):  # noqa: F811
    given = stripe.create_refund({"payment_intent": paid.provider_reference, "amount": "100"})
    assert "refund of 100 KRW" in " ".join(differences())
    given["payment_intent"] = "pi_of_another_shop"
    assert differences() == []


def test_a_refund_that_did_not_reach_the_buyer_is_told(stripe, errands, paid):  # noqa: F811
    with errands():
        refunds.refund(paid, "staff")
    stripe.fail_refund(*stripe.refunds)
    hear(stripe.events[-1])
    assert any("did not reach the buyer: lost_or_stolen_card" in line for line in reconcile.stuck(timezone.now()))


def test_buying_while_it_is_refused_charges_nothing(stripe, bob, published):  # noqa: F811
    stripe.refuse = "Your account cannot currently make live charges."
    with pytest.raises(CheckoutRefused, match="cannot currently make live charges"):
        goods.bought(bob, published)
    stripe.refuse = ""
    assert payments.page_of(goods.bought(bob, published))
