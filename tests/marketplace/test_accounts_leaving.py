"""Taking one's data along, and closing the account."""

import json

import pytest
from django.core.files.storage import default_storage
from django.test import TestCase
from django.urls import reverse

from generation.models import Dataset, SourceImage
from marketplace.accounts.models import ApiToken, User

from . import goods
from .test_accounts_entrance import BAD, PASSWORD

pytestmark = pytest.mark.django_db
CLOSE = "/profile/data/close/"


def test_the_export_is_a_file_with_what_is_kept(browser_of, alice, purchase):
    response = browser_of(alice).get(reverse("own-data-export"))
    assert response["Content-Disposition"].startswith('attachment; filename="ganerate-')
    assert "no-store" in response["Cache-Control"]
    told = json.loads(response.content)
    assert told["accounts"]["email"] == "alice@example.com"
    assert told["accounts"]["privacy_version"]
    assert told["listings"]["listings"][0]["title"] == "Generated shirts"


def test_the_export_holds_nothing_of_others(browser_of, charlie, purchase):
    text = browser_of(charlie).get(reverse("own-data-export")).text
    assert "alice" not in text.lower()
    assert "Generated shirts" not in text


def test_a_buyer_closes_the_account(browser_of, bob, purchase):
    client = browser_of(bob)
    assert "Your account is closed" in client.post(CLOSE, {"password": PASSWORD}, follow=True).text
    assert client.get("/profile/").status_code == 302
    bob.refresh_from_db()
    assert (bob.is_active, bob.name) == (False, "")
    assert not client.login(email="bob@example.com", password=PASSWORD)


@pytest.mark.parametrize("password", [*BAD.values(), "wrong"], ids=[*BAD, "wrong"])
def test_without_the_password_nothing_happens(browser_of, bob, password):
    response = browser_of(bob).post(CLOSE, {"password": password})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["password"]
    bob.refresh_from_db()
    assert bob.is_active


def test_guessing_the_password_is_slowed_down(browser_of, bob):
    client = browser_of(bob)
    assert [client.post(CLOSE, {"password": "x"}).status_code for _ in range(11)] == [422] * 10 + [429]


def test_earnings_stand_in_the_way_until_they_are_given_up(browser_of, alice, purchase, settings):
    settings.CONTACT_EMAIL = "hello@ganerate.example"
    client = browser_of(alice)
    page = client.post(CLOSE, {"password": PASSWORD})
    assert page.status_code == 422
    assert "Have your earnings paid out first" in str(page.context["form"].errors["give_up"])
    assert "₩8,910" in page.text
    assert "write to hello@ganerate.example" in page.text
    client.post(CLOSE, {"password": PASSWORD, "give_up": "on"})
    alice.refresh_from_db()
    assert not alice.is_active


def test_whoever_never_earned_is_not_asked_to_give_anything_up(browser_of, bob, purchase):
    assert "give_up" not in browser_of(bob).get(reverse("own-data")).text


def test_what_is_erased_is_gone_and_what_was_sold_is_not(browser_of, api, alice, bob, purchase):
    ApiToken.issue(alice, "laptop", ["read"])
    images = list(SourceImage.objects.filter(source_set__owner=alice).values_list("key", flat=True))
    browser_of(alice).post(CLOSE, {"password": PASSWORD, "give_up": "on"})
    assert images
    assert not any(default_storage.exists(key) for key in images)
    assert not ApiToken.objects.filter(user=alice, revoked_at__isnull=True).exists()
    assert api(bob).head(f"/api/v1/purchases/{purchase.public_id}/bundle/").status_code == 200


def test_the_address_is_free_again(browser_of, client, bob):
    browser_of(bob).post(CLOSE, {"password": PASSWORD})
    again = {"name": "Bob", "email": bob.email, "password1": "staple horse 7", "terms": "on", "privacy": "on"}
    client.post(reverse("account_signup"), again)
    assert User.objects.get(email="bob@example.com").pk != bob.pk


def test_whoever_has_no_password_is_led_to_setting_one(browser_of, bob):
    bob.set_unusable_password()
    bob.save()
    client = browser_of(bob)
    page = client.get(reverse("own-data")).text
    assert reverse("account_set_password") in page
    assert "Close the account for good" not in page
    assert client.post(CLOSE, {"password": ""}).status_code == 422


def test_closing_needs_a_form_and_a_person(client, browser_of, bob):
    assert browser_of(bob).get(CLOSE).status_code == 405
    assert client.post(CLOSE, {"password": PASSWORD})["Location"].startswith(reverse("account_login"))


def files_of(dataset) -> list[str]:
    return [*dataset.files.values_list("key", flat=True), dataset.generator.checkpoint_key]


def test_what_nobody_bought_is_gone_with_its_files(browser_of, client, alice, published):
    unsold, never_offered = published.latest.dataset, goods.dataset_of(alice)
    keys = files_of(unsold) + files_of(never_offered)
    assert any(default_storage.exists(key) for key in keys)
    with TestCase.captureOnCommitCallbacks(execute=True):
        browser_of(alice).post(CLOSE, {"password": PASSWORD})
    assert not any(default_storage.exists(key) for key in keys)
    assert [dataset.pk for dataset in Dataset.objects.all()] == [unsold.pk]
    assert client.get(reverse("listing", args=[published.public_id])).status_code in (200, 404, 410)
    assert client.get(reverse("listing-sample", args=[published.public_id])).status_code in (404, 410)
