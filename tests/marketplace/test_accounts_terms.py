"""New terms are asked for where something new begins, and nothing is lost on the way."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from generation.models import SourceSet
from marketplace.accounts.models import User
from marketplace.moderation.models import Suspension
from marketplace.purchases.models import Purchase

from . import goods

pytestmark = pytest.mark.django_db
ACCEPTED = {"accept-terms": "on", "accept-privacy": "on"}
DECLARED = {"name": "Shirts 🦊", "owns_rights": "on", "no_recognisable_people": "on"}


@pytest.fixture
def new_terms(settings):
    settings.TERMS_VERSION = "2027-01"


def test_signing_up_stores_both_with_version_and_moment(client, settings):
    settings.TERMS_VERSION, settings.PRIVACY_VERSION = "t-7", "p-9"
    given = {"name": "Dora", "email": "dora@example.com", "password1": "staple horse 7", "terms": "on", "privacy": "on"}
    assert "version p-9" in client.get(reverse("account_signup")).text
    client.post(reverse("account_signup"), given)
    dora = User.objects.get()
    assert (dora.terms_version, dora.privacy_version) == ("t-7", "p-9")
    assert dora.terms_accepted_at
    assert dora.privacy_accepted_at


@pytest.mark.parametrize("name", ["source-set-new", "checkout", "listing-new"])
def test_who_begins_something_is_asked_and_comes_back(browser_of, bob, published, new_terms, name):
    argument = {"checkout": [published.public_id], "listing-new": [goods.dataset_of(bob).public_id]}.get(name, [])
    page, client = reverse(name, args=argument), browser_of(bob)
    asked = client.get(page)["Location"]
    assert asked.startswith("/terms/accept/?next=")
    assert "The terms have changed" in client.get(asked).text
    assert client.post(asked, ACCEPTED)["Location"] == page
    assert client.get(page).status_code == 200


def test_a_form_on_its_way_is_kept_and_sent_again(browser_of, alice, new_terms):
    client = browser_of(alice)
    held = client.post(reverse("source-set-new"), DECLARED)
    assert held.status_code == 403
    assert 'name="name" value="Shirts 🦊"' in held.text
    kept = dict(held.context["kept"]) | {"accept-again": "1"}
    refused = client.post(held.context["action"], kept | {"accept-terms": "on"})
    assert refused.status_code == 422
    assert 'name="name" value="Shirts 🦊"' in refused.text
    sent = client.post(held.context["action"], kept | ACCEPTED)
    assert (sent.status_code, sent["Location"]) == (307, reverse("source-set-new"))
    client.post(sent["Location"], kept | ACCEPTED)
    assert SourceSet.objects.get().name == "Shirts 🦊"


def test_only_what_changed_gets_a_new_moment(browser_of, alice, new_terms, settings):
    before = alice.terms_accepted_at, alice.privacy_accepted_at
    browser_of(alice).post("/terms/accept/", ACCEPTED)
    alice.refresh_from_db()
    assert (alice.terms_version, alice.privacy_version) == ("2027-01", settings.PRIVACY_VERSION)
    assert alice.terms_accepted_at > before[0]
    assert alice.privacy_accepted_at == before[1]


@pytest.mark.parametrize("given", [{}, {"accept-terms": "on"}, {"accept-privacy": "on"}])
def test_both_are_needed(browser_of, alice, new_terms, given):
    assert browser_of(alice).post("/terms/accept/", given | {"x": "y"}).status_code == 422
    alice.refresh_from_db()
    assert not alice.accepts_present_terms


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_the_question_leads_nowhere_else(browser_of, alice, new_terms, target):
    response = browser_of(alice).post(f"/terms/accept/?next={target}", ACCEPTED | {"accept-again": "1"})
    assert (response.status_code, response["Location"]) == (302, reverse("studio"))


def test_what_one_has_stays_in_reach(browser_of, alice, bob, purchase, new_terms):
    purchase.refresh_from_db()
    mine = [
        "studio",
        "source-set-list",
        "job-list",
        "dataset-list",
        "studio-listings",
        "library",
        "profile",
        "own-data",
    ]
    assert [browser_of(alice).get(reverse(name)).status_code for name in mine] == [200] * len(mine)
    assert browser_of(bob).get(reverse("purchase", args=[purchase.public_id])).status_code == 200
    assert browser_of(bob).get(reverse("purchase-bundle", args=[purchase.public_id, 1])).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/purchases/", "/api/v1/listings/", "/api/v1/jobs/"])
def test_programs_are_told_where_to_accept(api, bob, published, new_terms, path):
    asked = {
        "/api/v1/purchases/": {"listing": str(published.public_id), "licence_accepted": True},
        "/api/v1/listings/": {
            "dataset": str(goods.dataset_of(bob).public_id),
            "title": "x",
            "licence": str(goods.licence().public_id),
            "price": 0,
        },
    }
    response = api(bob).post(path, asked.get(path, {}))
    assert (response.status_code, response.json()["code"]) == (403, "terms_outdated")
    assert response.json()["accept_at"].endswith("/terms/accept/")
    assert not Purchase.objects.exists()


def test_a_suspension_is_still_a_suspension(browser_of, alice, mod, new_terms):
    until = timezone.now() + timedelta(days=1)
    Suspension.objects.create(user=alice, ability="train", reason="x", until=until, imposed_by=mod)
    assert browser_of(alice).get(reverse("source-set-new")).status_code == 403


def test_the_pages_show_version_date_and_who_runs_the_site(client, settings):
    settings.OPERATOR_NAME, settings.CONTACT_EMAIL = "Example & Co", "hello@ganerate.example"
    settings.PROCESSORS = ["Mailer (sending mail)"]
    for name, version in (("terms", settings.TERMS_VERSION), ("privacy", settings.PRIVACY_VERSION)):
        page = client.get(reverse(name)).text
        assert f"Version {version}, in force since Nov. 21, 2026" in page
        assert "Example &amp; Co" in page
        assert "mailto:hello@ganerate.example" in page
        assert "A draft." in page
    assert "Mailer (sending mail)" in page


def test_a_site_whose_operator_is_named_is_no_draft(client, settings):
    settings.OPERATOR_NAME = settings.OPERATOR_ADDRESS = settings.CONTACT_EMAIL = settings.PRIVACY_OFFICER = "named"
    assert "A draft." not in client.get(reverse("terms")).text + client.get(reverse("privacy")).text
