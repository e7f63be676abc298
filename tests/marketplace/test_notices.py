import pytest
from django.core import mail

from marketplace.moderation import notices
from marketplace.moderation.models import Notice

from . import goods

pytestmark = pytest.mark.django_db
CLAIM = {
    "kind": "copyright", "text": "These are my shirts.", "work": "https://example.com/shirts", "good_faith": "on",
    "accurate": "on", "signature": "Carla Claim", "name": "Carla", "email": "carla@example.com",
}  # fmt: skip


@pytest.fixture
def url(published):
    return f"/listings/{published.public_id}/report/"


def test_anybody_reports_without_an_account_and_gets_a_receipt(client, url, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(url, CLAIM)
    notice = Notice.objects.get()
    page = client.get(answer.url).content.decode()
    assert notice.number in page
    assert "Carla" not in page
    assert notice.number in mail.outbox[0].subject


def test_a_claim_needs_what_the_law_asks(client, url):
    page = client.post(url, {"kind": "copyright", "text": "Mine."})
    assert page.status_code == 422
    for missing in ("which work of yours", "A claim needs this statement", "Sign with your full name", "an address"):
        assert missing in page.content.decode(), missing
    assert not Notice.objects.exists()
    assert client.post(url, {"kind": "other", "text": "It is spam."}).status_code == 302


def test_the_same_from_others_is_one_case_and_all_hear_of_it(alice, bob, charlie, mod, published):
    first = notices.report(published, "misleading", reporter=bob, text="No shirts.")
    again = notices.report(published, "misleading", reporter=bob, text="No shirts at all.")
    second = notices.report(published, "misleading", reporter=charlie, text="Trousers.")
    assert again == first
    assert second.same_as == first
    assert second.number != first.number
    notices.close(first, Notice.State.DISMISSED, by=mod, answer="They are shirts.")
    second.refresh_from_db()
    assert (second.state, second.answer) == ("dismissed", "They are shirts.")
    assert bob.notifications.count() == charlie.notifications.count() == 1
    assert notices.report(published, "misleading", reporter=bob, text="Still.").state == "open"


def test_two_moderators_do_not_decide_the_same(bob, mod, published):
    case = notices.report(published, "other", reporter=bob, text="Spam.")
    notices.close(case, Notice.State.DISMISSED, by=mod, answer="No.")
    with pytest.raises(notices.NoticeRefused, match="first"):
        notices.close(case, Notice.State.UPHELD, by=mod, answer="Yes.")


def test_nobody_decides_about_their_own(mod, bob):
    case = notices.report(goods.published_of(mod), "other", reporter=bob, text="Spam.")
    with pytest.raises(notices.NoticeRefused, match="own"):
        notices.close(case, Notice.State.DISMISSED, by=mod, answer="No.")


def test_reports_from_one_address_are_limited(client, url):
    answers = [client.post(url, {"kind": "other", "text": f"Spam {number}"}).status_code for number in range(11)]
    assert answers == [302] * 10 + [429]


def test_what_was_never_on_sale_cannot_be_reported(client, draft):
    assert client.get(f"/listings/{draft.public_id}/report/").status_code == 404
    assert client.put(f"/listings/{draft.public_id}/report/").status_code == 405


def test_staff_dismiss_on_a_page_that_asks_why(browser_of, alice, bob, mod, published):
    case = notices.report(published, "other", reporter=bob, text="Spam.")
    url = f"/admin/moderation/notice/{case.pk}/dismiss/"
    assert "Say why" in browser_of(mod).post(url, {"answer": ""}).content.decode()
    assert browser_of(alice).get(url).status_code == 302
    assert browser_of(mod).post(url, {"answer": "It is not."}).status_code == 302
    case.refresh_from_db()
    assert (case.state, case.decided_by) == ("dismissed", mod)


def test_one_click_freezes_and_buyers_keep_what_they_bought(browser_of, bob, charlie, mod, published):
    purchase = goods.bought(bob, published)
    case = notices.report(published, "minors", reporter=charlie, text="Children.")
    assert "Freeze now" in browser_of(mod).get("/admin/moderation/review/").content.decode()
    browser_of(mod).post(f"/admin/moderation/notice/{case.pk}/freeze/")
    published.refresh_from_db()
    case.refresh_from_db()
    assert (published.state, case.state) == ("suspended", "open")
    assert browser_of(bob).get(f"/library/{purchase.public_id}/bundles/1/").status_code == 200
    assert browser_of(charlie).get(published.get_absolute_url()).status_code == 410


def test_programs_report_and_read_what_came_of_it(api, bob, charlie, published):
    body = {"listing": str(published.public_id), "kind": "other", "text": "Spam."}
    answer = api(bob).post("/api/v1/notices/", body)
    assert (answer.status_code, answer.json()["state"]) == (201, "open")
    assert [row["number"] for row in api(bob).get("/api/v1/notices/").json()["results"]] == [answer.json()["number"]]
    assert api(charlie).get("/api/v1/notices/").json()["results"] == []
    claim = api(bob).post("/api/v1/notices/", body | {"kind": "copyright"})
    assert set(claim.json()["errors"]) == {"work", "good_faith", "accurate", "signature"}
    gone = api(bob).post("/api/v1/notices/", body | {"listing": "00000000-0000-4000-8000-000000000000"})
    assert set(gone.json()["errors"]) == {"listing"}
