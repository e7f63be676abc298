import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from marketplace.moderation import appeals, suspensions
from marketplace.moderation.models import Suspension

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse 42"


@pytest.fixture
def suspend(mod, django_capture_on_commit_callbacks):
    def suspend(user, ability, days=3):
        with django_capture_on_commit_callbacks(execute=True):
            until = timezone.now() + timedelta(days=days)
            return suspensions.impose(user, ability, reason="Looked into.", until=until, by=mod)

    return suspend


@pytest.fixture
def chief(charlie):
    charlie.is_superuser = charlie.is_staff = True
    charlie.save()
    return charlie


@pytest.mark.parametrize(
    ("ability", "permission"),
    [
        ("train", "generation.add_generationjob"), ("sell", "listings.add_listing"),
        ("buy", "purchases.add_purchase"), ("withdraw", "purchases.add_payout"),
    ],
)  # fmt: skip
def test_each_ability_is_taken_alone_and_superusers_are_bound(alice, chief, suspend, ability, permission):
    for person in (alice, chief):
        assert person.has_perm(permission)
        suspend(person, ability)
        assert not person.has_perm(permission)
    others = {perm for perms in Suspension.PERMISSIONS.values() for perm in perms}
    taken = Suspension.PERMISSIONS[ability]
    assert all(alice.has_perm(perm) for perm in others - taken)


def test_signing_in_ends_sessions_and_tokens(api, browser_of, alice, bob, suspend):
    browser, other, program = browser_of(alice), browser_of(bob), api(alice)
    suspend(alice, "sign_in")
    assert browser.get("/studio/").status_code == 302
    assert program.get("/api/v1/me/").status_code == 401
    assert other.get("/studio/").status_code == 200


@pytest.mark.parametrize("door", ["/accounts/login/", "/admin/login/"])
def test_whoever_signs_in_is_told_why_and_until_when_and_may_appeal(chief, suspend, door):
    row = suspend(chief, "sign_in")
    browser = Client()
    answer = browser.post(door, {"login": chief.email, "username": chief.email, "password": PASSWORD})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Looked into." in page
    assert "_auth_user_id" not in browser.session
    link = re.search(r'href="(/profile/suspensions/\d+/appeal/\?key=[^"]+)"', page)[1]
    browser.post(link, {"text": "It was not me."})
    assert row.appeal.author == chief


def test_a_key_opens_one_suspension_and_no_other(client, alice, bob, suspend):
    mine, other = suspend(alice, "sell"), suspend(bob, "sell")
    key = re.search(r"\?key=(\S+)", mail.outbox[0].body)[1]
    assert client.get(f"/profile/suspensions/?key={key}").status_code == 200
    assert client.get(f"/profile/suspensions/{mine.pk}/appeal/?key={key}").status_code == 200
    assert client.get(f"/profile/suspensions/{other.pk}/appeal/?key={key}").status_code == 404
    assert client.get("/profile/suspensions/?key=guessed").status_code == 404


def test_the_person_is_told_and_has_a_page(browser_of, alice, bob, suspend):
    suspend(alice, "sell")
    assert "Looked into." in mail.outbox[0].body
    assert alice.notifications.get().kind == "notice"
    assert "Looked into." in browser_of(alice).get("/profile/suspensions/").content.decode()
    assert "Nothing is suspended" in browser_of(bob).get("/profile/suspensions/").content.decode()
    assert browser_of(bob).post("/profile/suspensions/").status_code == 405


def test_an_appeal_that_is_granted_lifts_it(alice, chief, suspend):
    row = suspend(alice, "sell")
    appeals.decide(appeals.appeal(row, alice, "Why?"), chief, granted=True, answer="A mistake.")
    row.refresh_from_db()
    assert row.lifted_at
    assert alice.has_perm("listings.add_listing")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"reason": " "}, "Tell the person why|required"),
        ({"until_0": "2001-01-01"}, "ends in the future"),
        ({"ability": "fly"}, "Select a valid choice"),
        ({"user": "mod"}, "Nobody suspends themselves"),
    ],
)
def test_the_form_refuses(browser_of, alice, mod, given, complaint):
    form = {"user": alice.pk, "ability": "sell", "reason": "Copies.", "until_0": "2099-01-01", "until_1": "12:00"}
    given = given | ({"user": mod.pk} if "user" in given else {})
    page = browser_of(mod).post("/admin/moderation/suspension/add/", form | given).content.decode()
    assert re.search(complaint, page)
    assert not Suspension.objects.exists()


def test_a_suspension_that_ended_takes_nothing(alice, suspend):
    row = suspend(alice, "sign_in")
    Suspension.objects.filter(pk=row.pk).update(until=timezone.now())
    answer = Client().post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert answer.status_code == 302
