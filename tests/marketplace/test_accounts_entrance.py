"""Getting in: signing up with a confirmed address, signing in, a lost password. Mail and pages in both languages."""

import os
import re
import subprocess
import sys

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import NoReverseMatch, reverse

from marketplace.accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse 42"
NEW = {"name": "Dora", "email": "dora@example.com", "password1": "staple horse 7", "terms": "on", "privacy": "on"}
LINK = re.compile(r"http://testserver(/\S+)")


@pytest.fixture
def strict(settings):
    """As in production."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def sign_in(client: Client, email: str, password: str = PASSWORD):
    return client.post(reverse("account_login"), {"login": email, "password": password})


def link_of(letter) -> str:
    found = LINK.search(letter.body)
    assert found, letter.body
    return found.group(1)


def inside(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def test_nobody_gets_in_before_the_address_is_confirmed(client, strict):
    response = client.post(reverse("account_signup"), NEW)
    assert response["Location"] == reverse("account_email_verification_sent")
    assert "Look into your mailbox" in client.get(response["Location"]).text
    assert not inside(client)
    confirm = link_of(mail.outbox[0])
    assert "dora@example.com" in client.get(confirm).text
    assert client.post(confirm)["Location"] == reverse("studio")
    assert inside(client)
    assert EmailAddress.objects.get(email="dora@example.com").verified


def test_the_link_works_in_another_browser_and_leads_to_signing_in(client, strict):
    client.post(reverse("account_signup"), NEW)
    other = Client()
    assert other.post(link_of(mail.outbox[0]))["Location"] == reverse("account_login")
    assert not inside(other)
    sign_in(other, NEW["email"], NEW["password1"])
    assert inside(other)


def test_signing_in_sends_the_link_again_but_not_every_moment(client, strict, time_machine):
    time_machine.move_to("2026-11-21 12:00:00+00:00", tick=False)
    client.post(reverse("account_signup"), NEW)
    for minutes, letters in ((1, 1), (3, 2)):
        time_machine.shift(60 * minutes)
        response = sign_in(Client(), NEW["email"], NEW["password1"])
        assert response["Location"] == reverse("account_email_verification_sent")
        assert len(mail.outbox) == letters


def test_in_a_bare_checkout_an_unconfirmed_person_may_do_everything(client):
    assert client.post(reverse("account_signup"), NEW)["Location"] == reverse("studio")
    page = client.get("/profile/").text
    assert "dora@example.com is not confirmed yet" in page
    assert client.get(reverse("source-set-new")).status_code == 200


@pytest.mark.parametrize("key", ["nope", "MQ:1abc:xyz", "x" * 3000])
def test_a_wrong_link_says_what_to_do(client, key):
    page = client.get(f"/accounts/confirm-email/{key}/")
    assert page.status_code == 200
    assert "This link no longer works" in page.text
    assert client.post(f"/accounts/confirm-email/{key}/").status_code == 404


def test_an_old_link_no_longer_works(client, strict, time_machine):
    time_machine.move_to("2026-11-21 12:00:00+00:00", tick=False)
    client.post(reverse("account_signup"), NEW)
    time_machine.shift(4 * 86400)
    assert "This link no longer works" in client.get(link_of(mail.outbox[0])).text


@pytest.mark.parametrize(("language", "words"), [("en", "Welcome to GANerate"), ("ko", "GANerate")])
def test_mail_is_ours_in_both_languages(client, strict, language, words):
    client.post(reverse("account_signup"), NEW, headers={"Accept-Language": language})
    letter = mail.outbox[0]
    assert words in letter.subject
    assert "[" not in letter.subject
    assert letter.body.startswith("Hello,\n" if language == "en" else "안녕하십니까.\n")
    assert "example.com" not in letter.body
    assert "\nGANerate\nhttp://testserver/" in letter.body
    assert (re.search("[가-힣]", letter.body) is not None) == (language == "ko")


def test_nobody_writes_to_strangers_in_our_name(client, strict):
    client.post(reverse("account_signup"), NEW | {"name": "Buy pills at http://evil.example"})
    assert "evil" not in mail.outbox[0].body + mail.outbox[0].subject


def test_whoever_signs_up_twice_gets_a_letter_and_no_one_else_learns_of_it(client, strict, alice):
    response = client.post(reverse("account_signup"), NEW | {"email": "ALICE@example.com"})
    assert response["Location"] == reverse("account_email_verification_sent")
    assert mail.outbox[0].subject == "You already have a GANerate account"
    assert User.objects.count() == 1


def test_without_mandatory_mail_a_taken_address_is_an_error_of_the_field(client, alice):
    page = client.post(reverse("account_signup"), NEW | {"email": "ALICE@example.com"})
    assert page.context["form"].errors["email"] == [
        "There is an account with this address. Sign in, or reset its password."
    ]


BAD = {
    "long": "x" * 5000,
    "empty": "",
    "blank": "   ",
    "nul": "a\x00b",
    "script": "<script>alert(1)</script>",
    "emoji": "🦊" * 200,
    "right to left": "\u202eevil" * 60,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
@pytest.mark.parametrize("field", ["name", "email", "password1", "terms", "privacy"])
def test_no_input_breaks_signing_up(client, field, text):
    response = client.post(reverse("account_signup"), NEW | {field: text})
    assert response.status_code in (200, 302)
    assert "<script>alert" not in response.text
    assert response.status_code == 302 or response.context["form"].errors


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
@pytest.mark.parametrize("name", ["account_login", "account_reset_password"])
def test_no_input_breaks_the_entrance(client, alice, name, text):
    response = client.post(reverse(name), {"login": text, "email": text, "password": text})
    assert response.status_code == 200
    assert response.context["form"].errors
    assert "<script>alert" not in response.text


def test_a_strange_name_is_shown_as_it_is_written(client):
    client.post(reverse("account_signup"), NEW | {"name": "<b>Dora</b> 🦊"})
    assert "&lt;b&gt;Dora&lt;/b&gt; 🦊" in client.get("/profile/").text


def test_a_wrong_password_does_not_tell_whether_there_is_an_account(client, alice):
    told = [sign_in(client, email, "wrong").context["form"].errors for email in (alice.email, "no@example.com")]
    assert told[0] == told[1] == {"__all__": ["The e-mail address or the password is wrong."]}


def test_guessing_is_slowed_down(client, alice):
    for _ in range(5):
        sign_in(client, alice.email, "wrong")
    assert "Wait five minutes" in sign_in(client, alice.email).text


def test_too_many_tries_get_a_page_of_their_own(client):
    for _ in range(30):
        client.post(reverse("account_login"), {})
    response = client.post(reverse("account_login"), {})
    assert response.status_code == 429
    assert "Too many tries" in response.text


def test_an_open_door_leads_nowhere_else(client, alice):
    sign_in(client, alice.email)
    client.post(reverse("account_logout"))
    there = {"login": alice.email, "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post(reverse("account_login"), there)["Location"] == reverse("studio")


def test_signing_out_asks_first_and_then_does_it(browser_of, alice):
    client = browser_of(alice)
    assert "Generation jobs go on running" in client.get(reverse("account_logout")).text
    assert inside(client)
    client.post(reverse("account_logout"))
    assert not inside(client)


def test_a_lost_password(client, alice):
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    elsewhere = Client()
    sign_in(elsewhere, alice.email)
    response = client.post(reverse("account_reset_password"), {"email": "Alice@Example.com"})
    assert "Look into your mailbox" in client.get(response["Location"]).text
    letter = mail.outbox[0]
    assert (letter.subject, letter.to) == ("A new password for GANerate", ["alice@example.com"])
    form = client.get(link_of(letter))["Location"]
    new = {"password1": "staple horse 7", "password2": "staple horse 7"}
    assert "This password is too short" in client.post(form, {"password1": "a", "password2": "a"}).text
    assert "Your password is new" in client.get(client.post(form, new)["Location"]).text
    assert mail.outbox[1].subject == "Your password was reset"
    assert "http://testserver/accounts/password/reset/" in mail.outbox[1].body
    assert not inside(elsewhere)
    assert "This link no longer works" in Client().get(link_of(letter)).text
    sign_in(client, alice.email, "staple horse 7")
    assert inside(client)


def test_the_letter_is_in_the_language_of_whom_it_is_for(client, alice):
    User.objects.update(language="ko")
    client.post(reverse("account_reset_password"), {"email": alice.email}, headers={"Accept-Language": "en"})
    assert re.search("[가-힣]", mail.outbox[0].body)


def test_an_unknown_address_gets_the_same_page_and_another_letter(client):
    response = client.post(reverse("account_reset_password"), {"email": "no@example.com"})
    assert response["Location"] == reverse("account_reset_password_done")
    assert mail.outbox[0].subject == "No GANerate account with this address"
    assert "http://testserver/accounts/signup/" in mail.outbox[0].body


@pytest.mark.parametrize("key", ["1-abc", "zzzzzzzzzzzz-abc", "zzzzzzzzzzzzzzzz-abc", "0-", "1-%00", "-1-set-password"])
def test_a_made_up_reset_link_breaks_nothing(client, key):
    response = client.get(f"/accounts/password/reset/key/{key}/")
    assert response.status_code in (200, 404)
    assert response.status_code == 404 or "This link no longer works" in response.text


def test_a_closed_account_gets_no_way_in(client, alice):
    alice.is_active = False
    alice.save()
    assert "This account is closed" in client.get(sign_in(client, alice.email)["Location"]).text
    assert not inside(client)
    client.post(reverse("account_reset_password"), {"email": alice.email})
    assert mail.outbox[0].subject == "No GANerate account with this address"


@pytest.mark.parametrize("name", ["account_request_login_code", "account_confirm_login_code", "socialaccount_signup"])
def test_what_is_not_offered_has_no_address(client, name):
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize(
    "path", ["login/code/", "login/code/confirm/", "3rdparty/", "2fa/", "sessions/", "social/signup/"]
)
def test_nothing_answers_where_nothing_is_offered(client, path):
    assert client.get(f"/accounts/{path}").status_code == 404


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    production = {
        "DEBUG": "0",
        "SECRET_KEY": "secretkey" * 8,
        "ALLOWED_HOSTS": "shop.example",
        "GANERATE_TEST_PAYMENTS": "1",
    }
    code = "import ganerate.settings as s; print(s.SITE_URL, s.DEFAULT_FROM_EMAIL, s.ACCOUNT_EMAIL_VERIFICATION)"
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "GANERATE_VAR") if name in os.environ}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=inherited | production | environment, capture_output=True, text=True, check=False
    )


def test_production_without_mail_does_not_start_because_nobody_could_get_in():
    refused = start()
    assert refused.returncode
    assert "EMAIL_URL must be set" in refused.stderr


def test_production_with_mail_knows_its_own_name():
    assert start(EMAIL_URL="smtp://mail.example").stdout.split("\n")[0] == (
        "https://shop.example GANerate <noreply@shop.example> mandatory"
    )
