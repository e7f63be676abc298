from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from marketplace.moderation import decisions, notices, takedowns
from marketplace.moderation.models import Takedown
from marketplace.purchases.models import Purchase

from . import goods

pytestmark = pytest.mark.django_db


@pytest.fixture
def purchase(bob, published):
    return goods.bought(bob, published)


@pytest.fixture
def down(charlie, mod, published):
    claim = {"work": "My shirts", "good_faith": True, "accurate": True, "signature": "Charlie"}
    case = notices.report(published, "copyright", reporter=charlie, text="Mine.", **claim)
    return takedowns.take_down(case, mod, "It is your work.")


def later(row: Takedown, days: int) -> None:
    """As if so many days had passed."""
    fields = ("answer_until", "restore_at")
    moved = {name: getattr(row, name) - timedelta(days=days) for name in fields if getattr(row, name)}
    Takedown.objects.filter(pk=row.pk).update(**moved)


def state(row: Takedown) -> tuple[str, str]:
    row.refresh_from_db()
    row.listing.refresh_from_db()
    return row.state, row.listing.state


def test_it_stops_tells_both_sides_and_offers_the_buyers_their_money(alice, bob, charlie, purchase, down):
    assert state(down) == ("stopped", "suspended")
    assert [person.notifications.latest("pk").kind for person in (alice, bob, charlie)] == ["notice"] * 3
    assert "money back" in bob.notifications.latest("pk").sentence
    assert "You can answer" in alice.notifications.latest("pk").sentence


def test_both_sides_get_a_letter(charlie, mod, published, django_capture_on_commit_callbacks):
    claim = {"work": "My shirts", "good_faith": True, "accurate": True, "signature": "Charlie"}
    case = notices.report(published, "copyright", reporter=charlie, text="Mine.", **claim)
    with django_capture_on_commit_callbacks(execute=True):
        takedowns.take_down(case, mod, "It is your work.")
    taken = [letter.to[0] for letter in mail.outbox if "was taken down" in letter.subject]
    assert sorted(taken) == ["alice@example.com", "charlie@example.com"]


def test_nothing_of_it_is_delivered_while_it_is_down(browser_of, bob, purchase, down):
    answer = browser_of(bob).get(f"/library/{purchase.public_id}/bundles/1/", follow=True)
    assert "taken down after a notice" in answer.content.decode()
    assert f"/purchases/{purchase.public_id}/takedown/" in answer.content.decode()


def test_a_buyer_takes_the_money_back_once(browser_of, bob, charlie, purchase, down):
    url = f"/purchases/{purchase.public_id}/takedown/"
    assert browser_of(charlie).get(url).status_code == 404
    assert "money back" in browser_of(bob).get(url).content.decode()
    browser_of(bob).post(url)
    purchase.refresh_from_db()
    assert purchase.state == Purchase.State.REFUNDED
    assert purchase.refunds.get().reason == "takedown"
    browser_of(bob).post(url)
    assert purchase.refunds.count() == 1


def test_a_counter_notice_sets_a_date_on_which_it_returns_by_itself(browser_of, alice, charlie, down):
    url = f"/studio/takedowns/{down.pk}/"
    assert browser_of(charlie).get(url).status_code == 404
    assert browser_of(alice).post(url, {"text": "", "signature": ""}).status_code == 422
    browser_of(alice).post(url, {"text": "I made them.", "signature": "Alice"})
    assert state(down) == ("countered", "suspended")
    assert down.restore_at - timezone.now() > timedelta(days=13)
    assert takedowns.sweep() == 0
    later(down, 15)
    assert takedowns.sweep() == 1
    assert state(down) == ("restored", "published")
    assert takedowns.sweep() == 0
    assert "Back on sale" in charlie.notifications.latest("pk").sentence


def test_a_lawsuit_keeps_it_down(browser_of, alice, mod, down):
    takedowns.counter(down, alice, "I made them.", "Alice")
    browser_of(mod).post(f"/admin/moderation/takedown/{down.pk}/lawsuit/", {"lawsuit": "Seoul, 2026-1"})
    later(down, 15)
    assert takedowns.sweep() == 0
    assert state(down) == ("lawsuit", "suspended")


def test_without_an_answer_in_time_it_stays_down(alice, down):
    later(down, 31)
    assert takedowns.sweep() == 1
    assert state(down) == ("final", "suspended")
    with pytest.raises(takedowns.TakedownRefused, match="over"):
        takedowns.counter(down, alice, "Too late.", "Alice")


def test_no_date_undoes_what_a_person_decided_since(alice, mod, down):
    takedowns.counter(down, alice, "I made them.", "Alice")
    version = down.listing.current
    decisions.decide(version, mod, "restore")
    decisions.decide(version, mod, "suspend", "minors")
    later(down, 15)
    takedowns.sweep()
    assert state(down) == ("overruled", "suspended")


def test_a_listing_that_is_not_on_sale_is_not_taken_down(charlie, mod, published):
    case = notices.report(published, "other", reporter=charlie, text="Mine.")
    decisions.freeze(published.current, mod)
    with pytest.raises(decisions.DecisionRefused):
        takedowns.take_down(case, mod, "Yes.")
    case.refresh_from_db()
    assert case.state == "open"
