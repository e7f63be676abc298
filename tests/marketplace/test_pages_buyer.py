"""What buyers and members do on the pages, without JavaScript."""

import io
import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageChops, ImageStat

from generation import gallery
from marketplace.accounts.models import ApiToken, User
from marketplace.listings import drafts, samples
from marketplace.listings.models import SellerProfile

from . import goods


def test_the_grid_is_small_marked_and_without_metadata(alice, client):
    listing = goods.published_of(alice, goods.dataset_of(alice, 80))
    version = listing.current
    first = samples.drawn(version, samples.SHOWN)[0]
    shown = client.get(reverse("listing-image", args=[listing.public_id, first]))
    picture, original = (
        Image.open(io.BytesIO(data)) for data in (shown.content, gallery.image_bytes(version.dataset, first))
    )
    plain = original.convert("RGB").resize(picture.size, Image.Resampling.NEAREST)
    assert (picture.format, picture.size, picture.getexif(), picture.info.get("xmp")) == ("WEBP", (160, 160), {}, None)
    assert 3 < ImageStat.Stat(ImageChops.difference(picture, plain)).mean[0] < 60


def test_only_images_that_the_platform_drew_are_shown(alice, client):
    listing = goods.published_of(alice, goods.dataset_of(alice, 80))
    drawn = samples.drawn(listing.current, samples.SHOWN)
    hidden = next(index for index in range(80) if index not in drawn)
    assert drawn[:16] == samples.sample_indexes(listing.current)
    for index, status in [(drawn[-1], 200), (hidden, 404), (80, 404)]:
        assert client.get(reverse("listing-image", args=[listing.public_id, index])).status_code == status


def test_a_picture_that_the_browser_has_is_not_sent_again(published, client):
    path = reverse("listing-image", args=[published.public_id, samples.sample_indexes(published.current)[0]])
    first = client.get(path)
    again = client.get(path, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "max-age=86400" in first["Cache-Control"]


def test_the_card_is_there_for_people_and_machines(published, draft, client):
    card = client.get(reverse("listing-card", args=[published.public_id]))
    assert card["Content-Type"].startswith("text/markdown")
    assert "# Generated shirts" in card.text
    assert client.get(reverse("listing-croissant", args=[published.public_id])).json()["name"]
    assert client.get(reverse("listing-card", args=[draft.public_id])).status_code == 404


def test_the_page_names_the_seller_and_the_intermediary(published, alice, client):
    SellerProfile.objects.create(
        user=alice, is_business=True, business_name="Alice Images", representative="Alice",
        registration_number="123-45-67891", mail_order_number="2026-Seoul-1", phone="02-123", address="Seoul",
    )  # fmt: skip
    text = client.get(published.get_absolute_url()).text
    for told in ("Alice Images", "123-45-67891", "2026-Seoul-1", "intermediary", "VAT included"):
        assert told in text


def test_versions_say_what_is_new_and_which_is_mine(bob, purchase, browser_of):
    listing = purchase.version.listing
    drafts.edit(listing, price=12_000, changes="Twice the colours.")
    drafts.submit(listing)
    goods.published(listing)
    text = browser_of(bob).get(listing.get_absolute_url()).text
    assert "Twice the colours." in text
    assert text.count("yours") == 1
    assert "You own version 1; this one is newer" in text
    assert "A newer version is on sale" in browser_of(bob).get(reverse("purchase", args=[purchase.public_id])).text


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


def test_the_purchase_page_tells_how_to_verify(purchase, bob, browser_of):
    text = browser_of(bob).get(reverse("purchase", args=[purchase.public_id])).text
    assert purchase.version.tails.get().sha256 in text
    assert "curl -fL -C -" in text


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
