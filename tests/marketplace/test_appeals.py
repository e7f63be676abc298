import pytest
from django.contrib.auth.models import Group

from marketplace.listings import drafts
from marketplace.moderation import appeals
from marketplace.moderation.decisions import decide
from marketplace.moderation.models import Appeal, Decision

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(charlie):
    """Another moderator."""
    charlie.is_staff = True
    charlie.save()
    charlie.groups.add(Group.objects.get(name="Moderators"))
    return charlie


@pytest.fixture
def rejected(mod, submitted):
    return decide(submitted.in_review, mod, "reject", "words")


def test_the_seller_appeals_once(browser_of, alice, bob, rejected):
    url = f"/studio/decisions/{rejected.pk}/appeal/"
    assert browser_of(bob).get(url).status_code == 404
    assert browser_of(alice).post(url, {"text": " "}).status_code == 422
    assert browser_of(alice).post(url, {"text": "It says all."}).status_code == 302
    assert browser_of(alice).post(url, {"text": "Again."}).status_code == 422
    assert Appeal.objects.get().author == alice


def test_whoever_decided_does_not_decide_again(alice, mod, second, rejected):
    row = appeals.appeal(rejected, alice, "It says all.")
    with pytest.raises(appeals.AppealRefused, match="another person"):
        appeals.decide(row, mod, granted=True, answer="Yes.")
    appeals.decide(row, second, granted=False, answer="It does not.")
    assert row.state == "denied"
    assert "the decision stands" in alice.notifications.latest("pk").sentence


def test_granted_it_takes_effect_at_once(browser_of, alice, second, submitted, rejected):
    row = appeals.appeal(rejected, alice, "It says all.")
    browser_of(second).post(f"/admin/moderation/appeal/{row.pk}/grant/", {"answer": "You are right."})
    submitted.refresh_from_db()
    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("granted", second)
    assert submitted.approved_at
    assert Decision.objects.first().moderator == second


def test_a_suspended_listing_is_restored(alice, mod, second, published):
    row = appeals.appeal(decide(published.current, mod, "suspend", "copies"), alice, "They are not.")
    appeals.decide(row, second, granted=True, answer="Right.")
    published.refresh_from_db()
    assert published.state == "published"


def test_where_the_seller_went_on_it_is_granted_in_words(alice, second, submitted, rejected):
    row = appeals.appeal(rejected, alice, "It says all.")
    submitted.refresh_from_db()
    drafts.edit(submitted, title="Better shirts")
    appeals.decide(row, second, granted=True, answer="You were right.")
    submitted.refresh_from_db()
    assert (row.state, submitted.state) == ("granted", "draft")


def test_an_appeal_does_not_undo_a_later_decision(alice, mod, second, published):
    first = decide(published.current, mod, "suspend", "copies")
    row = appeals.appeal(first, alice, "They are not.")
    decide(published.current, mod, "restore")
    decide(published.current, mod, "suspend", "minors")
    appeals.decide(row, second, granted=True, answer="Right about the copies.")
    published.refresh_from_db()
    assert published.state == "suspended"


def test_an_approval_is_not_appealed(browser_of, alice, mod, submitted):
    approved = decide(submitted.in_review, mod, "approve")
    assert browser_of(alice).get(f"/studio/decisions/{approved.pk}/appeal/").status_code == 404


def test_programs_appeal(api, alice, bob, rejected):
    body = {"decision": rejected.pk, "text": "It says all."}
    assert api(bob).post("/api/v1/appeals/", body).status_code == 404
    assert api(alice).post("/api/v1/appeals/", body).status_code == 201
    assert api(alice).post("/api/v1/appeals/", body).status_code == 409
    assert [row["state"] for row in api(alice).get("/api/v1/appeals/").json()["results"]] == ["open"]
    assert api(bob).get("/api/v1/appeals/").json()["results"] == []


def test_the_page_of_the_decision_says_who_may_decide(browser_of, alice, mod, rejected):
    row = appeals.appeal(rejected, alice, "It says all.")
    page = browser_of(mod).post(f"/admin/moderation/appeal/{row.pk}/deny/", {"answer": "No."}).content.decode()
    assert "another person" in page
