import pytest
from django.db import DatabaseError, transaction
from django.db.models import F

from marketplace.purchases import ledger, refunds
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


def given_back() -> dict[str, int]:
    """What moved, by kind, where anything is left."""
    return {kind: amount for (kind, _currency), amount in balances().items() if amount}


def test_a_refund_undoes_the_sale_by_postings_back(purchase):
    assert refunds.refund(purchase, "staff").state == "done"
    assert purchase.state == Purchase.State.REFUNDED
    assert given_back() == {Kind.BUYER_PAYMENTS: -9_900, Kind.REFUNDS: 9_900}
    assert Posting.objects.count() == 4


def test_a_refund_happens_once(purchase):
    again = Purchase.objects.get(pk=purchase.pk)
    refunds.refund(purchase, "staff")
    with pytest.raises(refunds.RefundRefused):
        refunds.refund(again, "staff")
    assert Posting.objects.count() == 4


def test_a_refund_goes_by_the_fee_of_the_sale(purchase, settings):
    settings.PLATFORM_FEE_PERCENT = 50
    refunds.refund(purchase, "staff")
    assert given_back() == {Kind.BUYER_PAYMENTS: -9_900, Kind.REFUNDS: 9_900}


def test_the_split_names_everybody_s_share(alice, bob, settings):
    settings.VAT_PERCENT, settings.PROCESSOR_FEE_BASIS_POINTS, settings.PROCESSOR_FEE_FIXED = 10, 290, {"KRW": 30}
    purchase = goods.bought(bob, goods.published_of(alice, price=10_001))
    assert (purchase.fee, purchase.tax, purchase.processor_fee, purchase.earned) == (1_000, 909, 320, 7_772)
    expected = {Kind.SELLER: 7_772, Kind.PLATFORM_FEE: 1_000, Kind.TAX: 909, Kind.PROCESSOR_FEE: 320}
    assert given_back() == {Kind.BUYER_PAYMENTS: -10_001, **expected}


def test_a_share_is_never_more_than_what_is_left(alice, bob, settings):
    settings.PLATFORM_FEE_PERCENT, settings.VAT_PERCENT, settings.PROCESSOR_FEE_FIXED = 95, 10, {"KRW": 5_000}
    purchase = goods.bought(bob, goods.published_of(alice, price=100))
    assert (purchase.fee, purchase.tax, purchase.processor_fee, purchase.earned) == (95, 5, 0, 0)


def test_what_rounding_leaves_goes_to_one_account_and_is_even_at_the_end(alice, bob, settings):
    settings.VAT_PERCENT, settings.PROCESSOR_FEE_BASIS_POINTS = 10, 290
    purchase = goods.bought(bob, goods.published_of(alice, price=999))
    left = purchase.price
    for amount in (1, 100, 333, 7, 558):
        refunds.refund(purchase, "staff", amount=amount)
        left -= amount
        assert given_back().get(Kind.REFUNDS, 0) == 999 - left
        assert -3 <= given_back().get(Kind.ROUNDING, 0) <= 0
    assert purchase.state == Purchase.State.REFUNDED
    assert given_back() == {Kind.BUYER_PAYMENTS: -999, Kind.REFUNDS: 999}


def test_a_refund_in_part_leaves_access(purchase):
    refunds.refund(purchase, "staff", amount=9_899)
    assert purchase.state == Purchase.State.PAID
    with pytest.raises(refunds.RefundRefused, match="At most ₩1"):
        refunds.refund(purchase, "staff", amount=2)


def test_the_chain_of_a_sale(purchase, django_assert_num_queries):
    refunds.refund(purchase, "staff", amount=3_300)
    seller = purchase.version.listing.seller
    with django_assert_num_queries(6):
        (row,) = ledger.chain(seller, "KRW")
    assert (row.gross, row.fee, row.refunded, row.net) == (9_900, 660, 3_300, 5_940)
    assert row.payable_on > purchase.paid_at
    assert ledger.postings_of(purchase).count() == 4


def test_the_database_refuses_to_change_a_split(purchase):
    for column in ("price", "fee", "tax", "processor_fee"):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            Purchase.objects.filter(pk=purchase.pk).update(**{column: 1})
    purchase.refresh_from_db()
    assert (purchase.price, purchase.fee) == (9_900, 990)


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
