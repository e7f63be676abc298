"""What buyers and members do on the pages, without JavaScript."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from generation import gallery
from marketplace.accounts.models import ApiToken, User
from marketplace.listings import samples
from marketplace.purchases.models import Purchase

from . import goods


def test_only_images_of_the_sample_are_shown_to_everyone(published, client):
    version = published.current
    shown = samples.sample_indexes(version)
    hidden = next(index for index in range(version.dataset.count) if index not in shown)
    response = client.get(reverse("listing-image", args=[published.public_id, shown[0]]))
    assert response.content == gallery.image_bytes(version.dataset, shown[0])
    assert client.get(reverse("listing-image", args=[published.public_id, hidden])).status_code == 404


def test_a_draft_is_for_its_seller_and_staff(draft, alice, mod, bob, client, browser_of):
    path = draft.get_absolute_url()
    assert browser_of(alice).get(path).status_code == 200
    assert browser_of(mod).get(path).status_code == 200
    assert browser_of(bob).get(path).status_code == client.get(path).status_code == 404


def test_search_finds_and_says_when_it_does_not(published, client):
    assert "Generated shirts" in client.get("/", {"q": "shirts"}).text
    assert "Nothing found" in client.get("/", {"q": "trousers"}).text
    assert "Nothing found" in client.get("/", {"resolution": "128"}).text
    assert "Generated shirts" in client.get("/", {"resolution": "nonsense"}).text


def test_buying_once_however_often_the_form_is_sent(published, bob, browser_of):
    browser, path = browser_of(bob), reverse("checkout", args=[published.public_id])
    key = browser.get(path).context["form"].initial["attempt_key"]
    for _ in range(2):
        response = browser.post(path, {"licence_accepted": "on", "attempt_key": key})
    purchase = Purchase.objects.get(buyer=bob)
    assert purchase.state == "paid"
    assert response.headers["Location"] == reverse("purchase", args=[purchase.public_id])


def test_the_licence_must_be_accepted(published, bob, browser_of):
    response = browser_of(bob).post(reverse("checkout", args=[published.public_id]), {"attempt_key": "x"})
    assert response.status_code == 422
    assert not Purchase.objects.exists()


def test_who_owns_it_is_led_to_the_library(purchase, bob, browser_of):
    path = reverse("checkout", args=[purchase.version.listing.public_id])
    response = browser_of(bob).post(path, {"licence_accepted": "on", "attempt_key": "another"})
    assert response.headers["Location"] == reverse("purchase", args=[purchase.public_id])


def test_sellers_do_not_buy_from_themselves(published, alice, browser_of):
    path = reverse("checkout", args=[published.public_id])
    response = browser_of(alice).post(path, {"licence_accepted": "on", "attempt_key": "x"})
    assert response.status_code == 422
    assert "your own listing" in response.text


def test_the_purchase_page_tells_how_to_verify(purchase, bob, browser_of):
    text = browser_of(bob).get(reverse("purchase", args=[purchase.public_id])).text
    assert purchase.version.tails.get().sha256 in text
    assert "curl -C -" in text


def test_a_download_is_noted(purchase, bob, browser_of):
    response = browser_of(bob).get(reverse("purchase-bundle", args=[purchase.public_id, 1]))
    assert response.status_code == 200
    purchase.refresh_from_db()
    assert purchase.delivery_started_at


def test_a_download_continues_where_it_stopped(purchase, bob, browser_of):
    path = reverse("purchase-bundle", args=[purchase.public_id, 1])
    response = browser_of(bob).get(path, headers={"range": "bytes=10-19"})
    assert response.status_code == 206
    assert response["Content-Length"] == "10"


@pytest.fixture
def newcomer(db) -> dict[str, str]:
    return {
        "name": "Dana",
        "email": "dana@example.com",
        "password1": "correct horse 42",
        "terms": "on",
        "privacy": "on",
    }


def test_signing_up_keeps_name_language_and_terms(newcomer, client):
    response = client.post(reverse("account_signup"), newcomer, headers={"accept-language": "ko"})
    assert response.status_code == 302
    user = User.objects.get(email="dana@example.com")
    assert (user.name, user.language) == ("Dana", "ko")
    assert user.terms_version
    assert user.terms_accepted_at
    assert "dana@example.com" in mail.outbox[0].to


def test_signing_up_needs_the_terms(newcomer, client):
    response = client.post(reverse("account_signup"), newcomer | {"terms": ""})
    assert "terms" in response.context["form"].errors
    assert not User.objects.exists()


def test_whoever_signs_in_reads_on_in_their_language(alice, client):
    User.objects.update(language="ko")
    credentials = {"login": alice.email, "password": "correct horse 42"}
    client.post(reverse("account_login"), credentials, headers={"accept-language": "en"})
    assert '<html lang="ko">' in client.get("/", headers={"accept-language": "en"}).text


def test_a_forgotten_password_is_set_anew(alice, client):
    client.post(reverse("account_reset_password"), {"email": alice.email})
    path = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body).group(1)
    form = client.get(path, follow=True)
    assert form.status_code == 200
    client.post(form.redirect_chain[-1][0], {"password1": "battery staple 7", "password2": "battery staple 7"})
    alice.refresh_from_db()
    assert alice.check_password("battery staple 7")


def test_the_profile_is_changed(alice, browser_of):
    given = {"name": "Alice Kim", "language": "ko", "time_zone": "Europe/Berlin"}
    browser_of(alice).post(reverse("profile"), given)
    alice.refresh_from_db()
    assert (alice.name, alice.language, alice.time_zone) == ("Alice Kim", "ko", "Europe/Berlin")


def test_a_wrong_time_zone_is_refused(alice, browser_of):
    response = browser_of(alice).post(reverse("profile"), {"name": "A", "language": "ko", "time_zone": "Mars"})
    assert response.status_code == 422
    assert "time_zone" in response.context["form"].errors


def test_a_token_is_shown_once_and_revoked(alice, browser_of):
    browser, path = browser_of(alice), reverse("token-list")
    made = browser.post(path, {"name": "notebook", "scopes": ["read"], "expires_in_days": "30"})
    text = re.search(r"gan_[\w-]{43}", made.text).group()
    token = ApiToken.objects.usable().get(digest=ApiToken.hash(text))
    assert text not in browser.get(path).text
    browser.post(reverse("token-revoke", args=[token.public_id]))
    assert not ApiToken.objects.usable().exists()


def test_a_strangers_token_cannot_be_revoked(alice, charlie, browser_of):
    token, _text = ApiToken.issue(alice, "notebook", ["read"])
    assert browser_of(charlie).post(reverse("token-revoke", args=[token.public_id])).status_code == 404


def test_only_staff_are_offered_the_scope_of_staff(alice, mod, browser_of):
    assert 'value="moderate"' not in browser_of(alice).get(reverse("token-list")).text
    assert 'value="moderate"' in browser_of(mod).get(reverse("token-list")).text


@pytest.mark.parametrize(("amount", "currency", "text"), [(4900, "KRW", "₩4,900"), (1250, "USD", "$12.50")])
def test_prices_are_written_as_people_write_them(alice, amount, currency, text):
    listing = goods.published_of(alice, price=amount, currency=currency)
    assert text in Client().get(listing.get_absolute_url()).text
