import threading

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from marketplace.listings import drafts
from marketplace.purchases import checkout, delivery, payments, refunds
from marketplace.purchases.checkout import CheckoutRefused
from marketplace.purchases.models import Posting, Purchase

from . import goods

URL = "/api/v1/purchases/"


@pytest.fixture
def asked(published):
    return {"listing": str(published.public_id), "licence_accepted": True}


@pytest.mark.django_db
def test_buying_over_the_api(api, bob, asked, published):
    response = api(bob).post(URL, asked)
    assert response.status_code == 201
    bought = response.json()
    assert (bought["state"], bought["price"], bought["currency"]) == ("paid", 9_900, "KRW")
    assert bought["listing"] == str(published.public_id)
    assert bought["test_payment"] is True
    assert [bundle["name"] for bundle in bought["bundles"]] == ["shirts.zip"]
    assert response["Location"].endswith(f"{bought['id']}/")


@pytest.mark.django_db
def test_the_same_attempt_is_one_purchase(bob, published):
    first, second = goods.bought(bob, published), goods.bought(bob, published)
    assert first.pk == second.pk
    assert Purchase.objects.count() == 1
    assert Posting.objects.count() == 2


@pytest.mark.django_db
def test_another_attempt_hears_that_it_is_owned(api, bob, asked, purchase):
    response = api(bob).post(URL, asked)
    assert response.status_code == 409
    assert response.json()["code"] == "already_owned"
    assert response.json()["purchase"] == str(purchase.public_id)
    assert Purchase.objects.count() == 1


@pytest.mark.django_db
def test_an_attempt_that_died_before_payment_goes_on(bob, published):
    pending = checkout.begin(bob, published.current, "one")
    assert pending.state == Purchase.State.PENDING
    assert goods.bought(bob, published).pk == pending.pk
    assert Purchase.objects.get().state == Purchase.State.PAID


@pytest.mark.django_db
def test_of_two_open_checkouts_one_is_paid(bob, published):
    first, second = (checkout.begin(bob, published.current, key) for key in ("one", "two"))
    payments.settle(first, "")
    with pytest.raises(CheckoutRefused) as refused:
        goods.bought(bob, published, "two")
    assert refused.value.purchase == first
    with pytest.raises(payments.BoughtMeanwhile):
        payments.settle(second, "")
    assert Purchase.objects.get() == first
    assert Posting.objects.count() == 2


@pytest.mark.django_db
def test_the_licence_must_be_accepted(api, bob, asked):
    response = api(bob).post(URL, asked | {"licence_accepted": False})
    assert response.status_code == 400
    assert "licence_accepted" in response.json()["errors"]
    assert not Purchase.objects.exists()


@pytest.mark.django_db
def test_nobody_buys_their_own(api, alice, asked):
    assert api(alice).post(URL, asked).json()["errors"] == {"listing": ["This is your own listing."]}


@pytest.mark.django_db
def test_what_is_not_on_sale_is_not_found(api, bob, published, asked):
    drafts.withdraw(published)
    assert api(bob).post(URL, asked).status_code == 404


@pytest.mark.django_db
def test_a_key_belongs_to_one_listing(alice, bob, published):
    goods.bought(bob, published, "one")
    with pytest.raises(CheckoutRefused, match="another listing"):
        goods.bought(bob, goods.published_of(alice), "one")


@pytest.mark.django_db
def test_buyers_keep_the_version_they_bought(alice, bob, charlie, purchase):
    listing = purchase.version.listing
    before = delivery.bundles(purchase)
    drafts.edit(listing, price=20_000, title="Better shirts", changes="Better.")
    drafts.submit(listing)
    goods.published(listing)
    later = goods.bought(charlie, listing, "later")
    purchase = Purchase.objects.get(pk=purchase.pk)
    assert (purchase.version.number, purchase.price) == (1, 9_900)
    assert (later.version.number, later.price) == (2, 20_000)
    assert delivery.bundles(purchase) == before != delivery.bundles(later)
    assert goods.bought(bob, listing, "second").version.number == 2


@pytest.mark.django_db
def test_a_refunded_purchase_is_not_delivered(api, bob, purchase):
    refunds.refund(purchase, "staff")
    response = api(bob).get(f"{URL}{purchase.public_id}/bundle/")
    assert response.status_code == 403
    assert response.json()["code"] == "not_delivered"
    assert api(bob).get(f"{URL}{purchase.public_id}/").json()["bundles"] == []


@pytest.mark.django_db
def test_a_refunded_listing_can_be_bought_again(bob, published, purchase):
    refunds.refund(purchase, "staff")
    assert goods.bought(bob, published, "again").state == Purchase.State.PAID


@pytest.mark.django_db
def test_the_fee_is_frozen(bob, published, settings):
    settings.PLATFORM_FEE_PERCENT = 25
    assert goods.bought(bob, published).fee == 2_475


@pytest.mark.django_db
def test_no_test_payment_where_they_are_switched_off(bob, published, settings):
    settings.TEST_PAYMENTS = False
    with pytest.raises(ImproperlyConfigured, match="No payment provider"):
        goods.bought(bob, published)
    assert not Purchase.objects.exists()


@pytest.mark.django_db
def test_a_purchase_that_pretends_is_not_paid_once_that_is_switched_off(bob, published, settings):
    pending = checkout.begin(bob, published.current, "one")
    settings.TEST_PAYMENTS = False
    with pytest.raises(ImproperlyConfigured, match="switched off"):
        goods.bought(bob, published)
    assert Purchase.objects.get() == pending
    assert not Posting.objects.exists()


@pytest.mark.django_db
def test_a_list_of_purchases_asks_no_more_for_more(api, alice, bob, django_assert_num_queries):
    goods.bought(bob, goods.published_of(alice), "0")
    client = api(bob)
    client.get(URL)
    with django_assert_num_queries(4):
        client.get(URL)
    for key in "123":
        goods.bought(bob, goods.published_of(alice), key)
    with django_assert_num_queries(4):
        assert len(client.get(URL).json()["results"]) == 4


@pytest.mark.parametrize("keys", [("same", "same"), ("one", "two")])
def test_one_buyer_twice_at_once_pays_once(committed, bob, published, keys):
    start, outcomes = threading.Barrier(2), []

    def click(key: str) -> None:
        start.wait()
        try:
            outcomes.append(goods.bought(bob, published, key).pk)
        except CheckoutRefused as refused:
            outcomes.append(refused.purchase.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click, args=[key]) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) == {Purchase.objects.get().pk}
    assert len(outcomes) == 2
    assert Posting.objects.count() == 2
