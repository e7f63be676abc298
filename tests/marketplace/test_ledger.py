import pytest
from django.db import DatabaseError, transaction
from django.db.models import F

from marketplace.purchases import checkout, ledger
from marketplace.purchases.models import Account, Posting, Purchase

from . import goods

pytestmark = pytest.mark.django_db
Kind = Account.Kind


def balances() -> dict[tuple[str, str], int]:
    return {(account.kind, account.currency): ledger.balance(account) for account in Account.objects.all()}


def test_a_sale_is_split_by_the_frozen_fee(purchase):
    assert (purchase.price, purchase.fee, purchase.state) == (9_900, 990, Purchase.State.PAID)
    assert balances() == {
        (Kind.BUYER_PAYMENTS, "KRW"): -9_900,
        (Kind.SELLER, "KRW"): 8_910,
        (Kind.PLATFORM_FEE, "KRW"): 990,
    }
    assert ledger.account(Kind.SELLER, "KRW", purchase.version.listing.seller).postings_in.count() == 1


@pytest.mark.parametrize("price", [100, 101, 999, 100_000_000])
def test_nothing_is_lost_in_rounding(alice, bob, price):
    purchase = goods.bought(bob, goods.published_of(alice, price=price))
    assert purchase.fee == price // 10
    assert sum(balances().values()) == 0
    assert balances()[Kind.BUYER_PAYMENTS, "KRW"] == -price


def test_a_free_listing_moves_no_money(alice, bob):
    purchase = goods.bought(bob, goods.published_of(alice, price=0))
    assert (purchase.state, purchase.provider) == (Purchase.State.PAID, "free")
    assert not Posting.objects.exists()


def test_currencies_do_not_mix(alice, bob):
    goods.bought(bob, goods.published_of(alice), "won")
    goods.bought(bob, goods.published_of(alice, price=1_250, currency="USD"), "dollars")
    for currency in ("KRW", "USD"):
        assert sum(amount for (_kind, its), amount in balances().items() if its == currency) == 0
    assert balances()[Kind.SELLER, "USD"] == 1_125


def test_a_refund_undoes_the_sale_by_postings_back(purchase):
    assert checkout.refund(purchase)
    assert purchase.state == Purchase.State.REFUNDED
    assert set(balances().values()) == {0}
    assert Posting.objects.count() == 4


def test_a_refund_happens_once(purchase):
    again = Purchase.objects.get(pk=purchase.pk)
    assert checkout.refund(purchase)
    assert not checkout.refund(again)
    assert Posting.objects.count() == 4


def test_a_refund_goes_by_the_fee_of_the_sale(purchase, settings):
    settings.PLATFORM_FEE_PERCENT = 50
    checkout.refund(purchase)
    assert set(balances().values()) == {0}


def test_the_database_refuses_to_change_a_posting(purchase):
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Posting.objects.update(amount=F("amount") + 1)
    assert sorted(Posting.objects.values_list("amount", flat=True)) == [990, 8_910]


def test_the_database_refuses_to_delete_a_posting(purchase):
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Posting.objects.filter(pk=Posting.objects.latest("pk").pk)._raw_delete("default")
    assert Posting.objects.count() == 2


def test_a_posting_moves_something_between_two_accounts(purchase):
    account = Account.objects.first()
    for wrong in ({"amount": 0, "target": Account.objects.last()}, {"amount": 5, "target": account}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Posting.objects.create(source=account, currency="KRW", reason="payout", **wrong)


def test_a_sale_is_posted_once(purchase):
    with pytest.raises(DatabaseError), transaction.atomic():
        ledger.post_sale(purchase)
    assert Posting.objects.count() == 2
