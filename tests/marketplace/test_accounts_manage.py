"""What a person changes about their account: profile, addresses, password."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from marketplace.accounts import time_zones
from marketplace.accounts.models import User

from .test_accounts_entrance import BAD, PASSWORD, link_of, sign_in

pytestmark = pytest.mark.django_db
EMAIL = "/accounts/email/"


@pytest.fixture
def signed_in(client, alice):
    """A browser in which Alice typed her password a moment ago."""
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    sign_in(client, alice.email)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def said(client) -> list[str]:
    return [str(message) for message in client.get(EMAIL).context["messages"]]


def act(client, action: str, email: str):
    return client.post(EMAIL, {action: "", "email": email})


def test_the_profile_is_changed(browser_of, alice):
    client = browser_of(alice)
    given = {"name": "Alicia 🦊", "language": "ko", "time_zone": "America/Argentina/Buenos_Aires"}
    response = client.post("/profile/", given)
    assert response["Location"] == "/profile/"
    assert response.cookies["django_language"].value == "ko"
    alice.refresh_from_db()
    assert (alice.name, alice.language, alice.time_zone) == tuple(given.values())


@pytest.mark.parametrize("text", [text for name, text in BAD.items() if name != "script"])
@pytest.mark.parametrize("field", ["name", "language", "time_zone"])
def test_a_profile_that_can_not_be_is_an_error_of_its_field(browser_of, alice, field, text):
    client = browser_of(alice)
    response = client.post(
        "/profile/", {"name": "Mallory", "language": "en", "time_zone": "Asia/Seoul"} | {field: text}
    )
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert '<span class="name">Alice</span>' in response.text
    alice.refresh_from_db()
    assert alice.name == "Alice"


def test_every_zone_that_is_offered_can_be_chosen():
    offered = [name for _label, options in time_zones.choices("Asia/Seoul") for name, _city in options]
    assert {"Asia/Seoul", "Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC"} <= set(offered)
    assert len(offered) == len(set(offered))
    assert "ROK" in [name for _label, options in time_zones.choices("ROK") for name, _city in options]


def test_times_are_shown_in_the_persons_zone(browser_of, alice):
    User.objects.update(date_joined="2026-11-20T20:00:00Z", time_zone="Asia/Seoul")
    assert "Nov. 21, 2026" in browser_of(alice).get("/profile/").text
    User.objects.update(time_zone="America/New_York")
    assert "Nov. 20, 2026" in browser_of(alice).get("/profile/").text


def test_another_address_becomes_the_primary_one(signed_in, alice):
    act(signed_in, "action_add", "Alicia@Example.org")
    assert mail.outbox[0].to == ["alicia@example.org"]
    act(signed_in, "action_primary", "alicia@example.org")
    assert "Confirm the address first: only then can it become the primary one." in said(signed_in)
    signed_in.post(link_of(mail.outbox[0]))
    act(signed_in, "action_primary", "alicia@example.org")
    alice.refresh_from_db()
    assert alice.email == "alicia@example.org"
    assert [letter.subject for letter in mail.outbox if letter.to == ["alice@example.com"]][-1] == (
        "Your primary e-mail address was changed"
    )
    act(signed_in, "action_remove", "alice@example.com")
    assert [one.email for one in EmailAddress.objects.filter(user=alice)] == ["alicia@example.org"]


def test_the_primary_address_stays(signed_in, alice):
    act(signed_in, "action_remove", alice.email)
    assert "Your primary address can't be removed. Make another one primary first." in said(signed_in)
    assert EmailAddress.objects.filter(user=alice).exists()


def test_a_confirmation_is_not_sent_every_moment_and_the_page_says_so(signed_in, alice):
    act(signed_in, "action_add", "alicia@example.org")
    act(signed_in, "action_send", "alicia@example.org")
    assert len(mail.outbox) == 1
    assert any("less than three minutes ago" in text for text in said(signed_in))


def test_an_address_of_an_unconfirmed_account_does_not_break_the_page(signed_in, bob):
    act(signed_in, "action_add", bob.email)
    EmailAddress.objects.filter(email=bob.email).update(verified=True)
    act(signed_in, "action_primary", bob.email)
    assert any("Another account signs in with bob@example.com" in text for text in said(signed_in))
    assert EmailAddress.objects.get(primary=True).email == "alice@example.com"


def test_an_address_confirmed_elsewhere_can_not_be_confirmed_again(signed_in, bob):
    EmailAddress.objects.create(user=bob, email=bob.email, primary=True, verified=True)
    act(signed_in, "action_add", bob.email)
    page = signed_in.get(link_of(mail.outbox[0]))
    assert "This address belongs to another account" in page.text


def test_five_addresses_are_enough(signed_in, alice):
    for number in range(4):
        EmailAddress.objects.create(user=alice, email=f"a{number}@example.com")
    assert "Add an address" not in signed_in.get(EMAIL).text
    response = act(signed_in, "action_add", "a5@example.com")
    assert response.status_code == 422
    assert "at most 5 addresses" in str(response.context["form"].errors)


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
@pytest.mark.parametrize("action", ["action_add", "action_send", "action_remove", "action_primary", "nothing"])
def test_no_input_breaks_the_addresses(signed_in, alice, action, text):
    assert act(signed_in, action, text).status_code in (302, 422)
    assert [one.email for one in EmailAddress.objects.filter(user=alice)] == [alice.email]


def test_somebody_elses_address_can_not_be_touched(signed_in, bob):
    EmailAddress.objects.create(user=bob, email=bob.email, primary=False, verified=True)
    for action in ("action_remove", "action_primary", "action_send"):
        act(signed_in, action, bob.email)
    assert EmailAddress.objects.get(user=bob).email == bob.email


def test_whoever_finds_an_open_browser_is_asked_for_the_password(browser_of, alice):
    client = browser_of(alice)
    asked = act(client, "action_add", "mallory@example.org")
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    assert "Is it you?" in client.get(asked["Location"]).text
    assert "This is not your password." in client.post(asked["Location"], {"password": "wrong"}).text
    assert not EmailAddress.objects.filter(email="mallory@example.org").exists()
    client.post(asked["Location"], {"password": PASSWORD})
    assert EmailAddress.objects.filter(email="mallory@example.org").exists()


def test_the_password_is_changed(signed_in, alice):
    new = {"oldpassword": PASSWORD, "password1": "staple horse 7", "password2": "staple horse 7"}
    wrong = signed_in.post("/accounts/password/change/", new | {"oldpassword": "x"})
    assert wrong.context["form"].errors == {"oldpassword": ["This is not your present password."]}
    assert signed_in.post("/accounts/password/change/", new)["Location"] == "/profile/"
    assert signed_in.get("/profile/").status_code == 200
    assert mail.outbox[0].subject == "Your password was changed"
    alice.refresh_from_db()
    assert alice.check_password("staple horse 7")


def test_whoever_has_no_password_sets_one(browser_of, alice):
    alice.set_unusable_password()
    alice.save()
    client = browser_of(alice)
    assert client.get("/accounts/password/change/")["Location"] == reverse("account_set_password")
    new = {"password1": "staple horse 7", "password2": "staple horse 8"}
    assert "password2" in client.post(reverse("account_set_password"), new).context["form"].errors
    client.post(reverse("account_set_password"), new | {"password2": "staple horse 7"})
    assert mail.outbox[0].subject == "A password was set"
    alice.refresh_from_db()
    assert alice.check_password("staple horse 7")


@pytest.mark.parametrize("path", ["/profile/", "/profile/tokens/", "/profile/data/", EMAIL, "/terms/accept/"])
def test_pages_of_an_account_are_for_whom_it_is_by_the_right_method(client, browser_of, alice, path):
    assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
    assert browser_of(alice).delete(path).status_code == 405


@pytest.mark.parametrize("path", ["/profile/", "/profile/tokens/", "/profile/data/"])
def test_pages_with_private_things_are_not_kept_by_browsers(browser_of, alice, path):
    assert "no-store" in browser_of(alice).get(path)["Cache-Control"]
