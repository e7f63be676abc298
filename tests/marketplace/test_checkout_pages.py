"""Checkout in a browser: what is bought is what was seen, once, however the form is sent."""

import pytest
from django.urls import reverse

from marketplace.listings import drafts
from marketplace.purchases import checkout, refunds
from marketplace.purchases.models import Posting, Purchase

from . import goods

pytestmark = pytest.mark.django_db


def path_of(listing) -> str:
    return reverse("checkout", args=[listing.public_id])


@pytest.fixture
def browser(bob, browser_of):
    return browser_of(bob)


def opened(browser, listing) -> dict[str, object]:
    """What the form sends with the licence accepted, and no consent."""
    return browser.get(path_of(listing)).context["form"].initial | {"licence_accepted": "on"}


def dearer(listing):
    drafts.edit(listing, price=99_000, changes="Better.")
    drafts.submit(listing)
    return goods.published(listing)


def test_buying_once_however_often_the_form_is_sent(published, bob, browser):
    form = opened(browser, published)
    for _ in range(3):
        response = browser.post(path_of(published), form)
    purchase = Purchase.objects.get(buyer=bob)
    assert (purchase.state, purchase.price, purchase.consented_at) == ("paid", 9_900, None)
    assert response["Location"] == reverse("purchase", args=[purchase.public_id])
    assert Posting.objects.filter(reason="sale").count() == 1


def test_two_open_tabs_pay_once(published, browser):
    first, second = opened(browser, published), opened(browser, published)
    browser.post(path_of(published), first)
    response = browser.post(path_of(published), second, follow=True)
    assert "You already own this" in response.text
    assert Purchase.objects.count() == 1


def test_licence_and_price_are_shown_and_frozen(published, browser):
    text = browser.get(path_of(published)).text
    licence = published.current.licence
    assert licence.text_sha256 in text
    assert "₩9,900" in text
    assert "Seven days to withdraw" in text
    browser.post(path_of(published), opened(browser, published))
    dearer(published)
    purchase = Purchase.objects.get()
    assert (purchase.price, purchase.licence_sha256) == (9_900, licence.text_sha256)


def test_a_price_that_changed_meanwhile_is_shown_before_it_is_paid(published, browser):
    form = opened(browser, published)
    dearer(published)
    response = browser.post(path_of(published), form)
    assert response.status_code == 409
    assert "Meanwhile another version went on sale" in response.text
    assert "₩99,000" in response.text
    assert not response.context["form"].is_bound
    assert not Purchase.objects.exists()
    browser.post(path_of(published), response.context["form"].initial | {"licence_accepted": "on"})
    assert Purchase.objects.get().price == 99_000


@pytest.mark.parametrize(
    "damage",
    [{"attempt_key": ""}, {"attempt_key": "x" * 81}, {"version": ""}, {"version": "one"}, {"version": "9" * 40}],
)
def test_a_form_that_is_not_whole_buys_nothing_and_is_made_anew(published, browser, damage):
    response = browser.post(path_of(published), opened(browser, published) | damage)
    assert response.status_code == 409
    assert "Nothing was bought" in response.text
    assert response.context["form"].initial["attempt_key"] not in ("", damage.get("attempt_key"))
    assert not Purchase.objects.exists()


def test_the_licence_must_be_accepted(published, browser):
    form = opened(browser, published)
    del form["licence_accepted"]
    response = browser.post(path_of(published), form)
    assert response.status_code == 422
    assert str(form["attempt_key"]) in response.text
    assert not Purchase.objects.exists()


def test_what_was_withdrawn_meanwhile_is_not_bought(published, browser):
    form = opened(browser, published)
    drafts.withdraw(published)
    response = browser.post(path_of(published), form)
    assert response.status_code == 410
    assert "No longer for sale" in response.text
    assert not Purchase.objects.exists()


def test_an_open_payment_of_what_was_withdrawn_meanwhile_takes_nothing(published, bob, browser):
    pending = checkout.begin(bob, published.current, "one")
    drafts.withdraw(published)
    text = browser.post(reverse("purchase-pay", args=[pending.public_id]), follow=True).text
    assert "no longer on sale. Nothing was charged" in text
    assert Purchase.objects.get().state == "pending"
    assert not Posting.objects.exists()


def test_what_was_begun_before_is_gone_on_with(published, bob, browser):
    pending = checkout.begin(bob, published.current, "page-earlier")
    assert "You began to pay for this before" in browser.get(path_of(published)).text
    browser.post(path_of(published), opened(browser, published))
    assert Purchase.objects.get() == Purchase.objects.get(pk=pending.pk, state="paid")


@pytest.mark.parametrize(("before", "now"), [(True, False), (False, True)])
def test_the_last_word_on_delivery_counts(published, bob, browser, before, now):
    checkout.begin(bob, published.current, "page-earlier", delivery_consent=before)
    said = {"delivery_consent": "on"} if now else {}
    browser.post(path_of(published), opened(browser, published) | said)
    assert bool(Purchase.objects.get().consented_at) is now


def test_whoever_owns_an_earlier_version_is_told(purchase, browser):
    listing = dearer(purchase.version.listing)
    assert "You own version 1 of this" in browser.get(path_of(listing)).text


def test_who_owns_it_is_led_to_the_library(purchase, browser):
    listing = purchase.version.listing
    assert "You already own this" in browser.get(path_of(listing)).text
    form = {"licence_accepted": "on", "attempt_key": "another", "version": 1}
    assert browser.post(path_of(listing), form)["Location"] == reverse("purchase", args=[purchase.public_id])


def test_what_was_refunded_can_be_bought_again(purchase, browser):
    listing = purchase.version.listing
    refunds.withdraw(purchase, purchase.buyer)
    browser.post(path_of(listing), opened(browser, listing))
    assert sorted(Purchase.objects.values_list("state", flat=True)) == ["paid", "refunded"]


def test_sellers_do_not_buy_from_themselves(published, alice, browser_of):
    response = browser_of(alice).post(path_of(published), {"licence_accepted": "on", "attempt_key": "x", "version": 1})
    assert response.status_code == 422
    assert "your own listing" in response.text
    assert not Purchase.objects.exists()


def test_a_free_one_asks_for_no_consent_and_is_there_at_once(alice, browser):
    listing = goods.published_of(alice, price=0)
    assert "delivery_consent" not in browser.get(path_of(listing)).context["form"].fields
    page = browser.post(path_of(listing), opened(browser, listing), follow=True)
    assert "/downloads/" in page.text
    assert "Withdraw from the purchase" not in page.text


def test_one_must_sign_in_to_buy(published, client):
    for answer in (client.get(path_of(published)), client.post(path_of(published), {})):
        assert answer["Location"].startswith("/accounts/login/?next=/listings/")


def test_a_draft_can_not_be_bought(draft, browser):
    assert browser.get(path_of(draft)).status_code == 404
    assert browser.post(path_of(draft), {"licence_accepted": "on", "attempt_key": "x", "version": 1}).status_code == 404


def test_a_program_may_say_which_version_it_saw(published, bob, api):
    asked = {"listing": str(published.public_id), "licence_accepted": True, "version": 1}
    dearer(published)
    refused = api(bob).post("/api/v1/purchases/", asked)
    assert (refused.status_code, refused.json()["code"], refused.json()["version"]) == (409, "version_changed", 2)
    assert not Purchase.objects.exists()
    assert api(bob).post("/api/v1/purchases/", asked | {"version": 2}).json()["price"] == 99_000


# Withdrawing, with consent and without.


@pytest.fixture
def unopened(bob, published):
    return checkout.buy(bob, published.current, "one", licence_accepted=True)


def test_consent_is_asked_for_before_the_first_download_and_kept(unopened, browser):
    path = reverse("purchase-consent", args=[unopened.public_id])
    assert "Tick the box" in browser.post(path, follow=True).text
    assert "/downloads/" in browser.post(path, {"delivery_consent": "on"}, follow=True).text
    unopened.refresh_from_db()
    given = unopened.consented_at
    assert given
    assert unopened.consent_version
    browser.post(path, {"delivery_consent": "on"})
    unopened.refresh_from_db()
    assert unopened.consented_at == given


def test_the_buyer_withdraws_by_one_button_and_has_the_whole_price_back(unopened, browser):
    path = reverse("purchase-withdraw", args=[unopened.public_id])
    assert "You withdrew" in browser.post(path, follow=True).text
    assert unopened.refunds.get().amount == 9_900
    again = browser.post(path, follow=True).text
    assert "Only a purchase that is paid" in again
    assert unopened.refunds.count() == 1


@pytest.mark.parametrize("name", ["purchase-consent", "purchase-withdraw", "purchase-pay"])
def test_nobody_else_decides_for_the_buyer(unopened, name, charlie, mod, alice, browser_of):
    for other in (charlie, mod, alice):
        assert browser_of(other).post(reverse(name, args=[unopened.public_id])).status_code == 404
        assert browser_of(other).get(reverse(name, args=[unopened.public_id])).status_code == 405
    unopened.refresh_from_db()
    assert (unopened.state, unopened.consented_at) == ("paid", None)


@pytest.mark.parametrize(
    "query", ["?q=%00", "?q=%F0%28", "?page=0", "?page=-1", "?page=" + "9" * 30, "?state=x", "?q=a'--"]
)
def test_the_library_takes_any_address(purchase, browser, query):
    assert browser.get(f"/library/{query}").status_code == 200
