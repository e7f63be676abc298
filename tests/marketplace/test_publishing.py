"""From approval to the shelf: staff answer at once, a worker writes the files, and nothing is lost on the way."""

import django_rq
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.accounts import background
from marketplace.listings import drafts, publishing
from marketplace.moderation.decisions import DecisionRefused, decide
from tests.generation.conftest import valkey, valkey_url  # noqa: F401  # fixtures

from . import goods

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_file_is_opened(monkeypatch):
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("a file was opened in the request")

    monkeypatch.setattr(type(default_storage._wrapped), "open", refuse)


def test_approving_reads_no_file(mod, submitted, no_file_is_opened):
    decide(submitted.in_review, mod, "approve")
    submitted.refresh_from_db()
    assert (submitted.state, bool(submitted.approved_at)) == ("in_review", True)


def test_approving_asks_the_database_no_more_for_more_images(mod, alice, browser_of):
    browser, costs = browser_of(mod), []
    for count in (5, 5, 80):
        listing = goods.submitted_of(alice, goods.dataset_of(alice, count))
        path = reverse("admin:moderation_review_decide", args=[listing.public_id])
        with CaptureQueriesContext(connection) as seen:
            assert browser.post(path, {"outcome": "approve", "version": 1}).status_code == 302
        costs.append(len(seen))
    assert costs[1] == costs[2]


def test_what_is_approved_is_decided(mod, submitted):
    decide(submitted.in_review, mod, "approve")
    with pytest.raises(DecisionRefused, match="Mod decided first"):
        decide(submitted.in_review, mod, "approve")


def test_staff_who_are_slower_are_told_by_whom(mod, submitted, browser_of, django_user_model):
    other = django_user_model.objects.create_superuser("meg@example.com", "x", name="Meg", language="en")
    path = reverse("admin:moderation_review_decide", args=[submitted.public_id])
    browser_of(other).post(path, {"outcome": "approve", "version": 1})
    rejection = {"outcome": "reject", "reason_code": "words", "reason": "No.", "version": 1}
    page = browser_of(mod).post(path, rejection).content.decode()
    assert "Meg decided first: approve" in page
    assert submitted.in_review.decisions.count() == 1


def test_a_worker_puts_it_on_sale(mod, submitted, valkey, django_capture_on_commit_callbacks):  # noqa: F811
    with django_capture_on_commit_callbacks(execute=True):
        decide(submitted.in_review, mod, "approve")
    ticket = django_rq.get_queue("short").jobs[0]
    assert ticket.func(*ticket.args) is True
    submitted.refresh_from_db()
    assert (submitted.state, submitted.approved_at) == ("published", None)
    assert submitted.current.tails.count() == 1


def test_a_lost_ticket_is_put_back_once(mod, submitted, valkey):  # noqa: F811
    decide(submitted.in_review, mod, "approve")
    assert publishing.resume() == 1
    assert publishing.resume() == 0
    assert len(django_rq.get_queue("short")) == 1


def test_without_valkey_nothing_is_lost(mod, submitted, settings, monkeypatch):
    nowhere = settings.RQ_QUEUES["short"] | {"URL": "unix:///nowhere.sock?db=0"}
    monkeypatch.setattr(django_rq.settings, "QUEUES", {"short": nowhere})
    decide(submitted.in_review, mod, "approve")
    background.put(publishing.publish, submitted.in_review_id)
    assert publishing.resume() == 0
    submitted.refresh_from_db()
    assert submitted.approved_at


def test_withdrawing_after_approval_wins(mod, submitted):
    version = submitted.in_review
    decide(version, mod, "approve")
    assert drafts.withdraw(submitted)
    assert not publishing.publish(version.pk)
    assert (submitted.state, submitted.approved_at) == ("withdrawn", None)


def test_a_suspended_listing_is_off_sale_and_comes_back(mod, published, purchase, api, bob, client):
    decide(published.current, mod, "suspend", "rights", "Somebody else's pictures.")
    assert client.get(published.get_absolute_url()).status_code == 410
    assert api(bob).get(f"/api/v1/purchases/{purchase.public_id}/").json()["bundles"]
    decide(published.current, mod, "restore")
    assert client.get(published.get_absolute_url()).status_code == 200


def test_suspending_needs_a_reason(mod, published):
    with pytest.raises(DecisionRefused):
        decide(published.current, mod, "suspend")
    published.refresh_from_db()
    assert published.state == "published"


def test_the_seller_of_a_suspended_listing_reads_why(mod, alice, published, browser_of):
    decide(published.current, mod, "suspend", "rights", "Somebody else's pictures.")
    path = reverse("listing-edit", args=[published.public_id])
    page = browser_of(alice).get(path)
    assert "Somebody else&#x27;s pictures." in page.text
    assert 'id="offer"' not in page.text
    assert not drafts.withdraw(published)
