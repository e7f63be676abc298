"""E-mails: in the reader's language, after commit, and never in the way of what they tell about."""

import django_rq
import pytest
from django.core import mail

from marketplace.moderation.decisions import decide
from marketplace.purchases.models import Purchase

from . import goods

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_queue(settings, monkeypatch):
    """Without a queue the letters are written at once."""
    nowhere = settings.RQ_QUEUES["short"] | {"URL": "unix:///nowhere.sock?db=0"}
    monkeypatch.setattr(django_rq.settings, "QUEUES", {"short": nowhere})


@pytest.fixture
def after_commit(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def speak(user, language: str) -> None:
    type(user).objects.filter(pk=user.pk).update(language=language)
    user.refresh_from_db()


def test_buyer_and_seller_hear_of_a_sale(alice, bob, published, after_commit):
    with after_commit():
        purchase = goods.bought(bob, published)
    to_buyer, to_seller = mail.outbox
    assert (to_buyer.to, to_seller.to) == ([bob.email], [alice.email])
    assert str(purchase.public_id) in to_buyer.body
    assert "₩9,900" in to_buyer.body
    assert "₩8,910" in to_seller.body
    assert bob.email not in to_seller.body


def test_a_repeated_click_writes_once(bob, published, after_commit):
    with after_commit():
        goods.bought(bob, published)
        goods.bought(bob, published)
    assert len(mail.outbox) == 2


def test_a_rejection_says_why_and_where(mod, alice, submitted, after_commit):
    with after_commit():
        decide(submitted.in_review, mod, "reject", "words", "Say <what> it shows & why.")
    letter = mail.outbox[0]
    assert "Say <what> it shows & why." in letter.body
    assert f"/studio/listings/{submitted.public_id}/" in letter.body
    assert "\n" not in letter.subject


def test_a_seller_hears_when_it_is_on_sale(alice, after_commit):
    with after_commit():
        goods.published_of(alice)
    assert [letter.to for letter in mail.outbox] == [[alice.email]]
    assert "on sale" in mail.outbox[0].subject


@pytest.mark.parametrize(("language", "word"), [("en", "Hello"), ("ko", "안녕하십니까")])
def test_letters_speak_the_readers_language(mod, alice, submitted, after_commit, language, word):
    speak(alice, language)
    with after_commit():
        decide(submitted.in_review, mod, "reject", "words", "No.")
    assert word in mail.outbox[0].body


def test_a_dead_mail_server_stops_no_purchase(bob, published, after_commit, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with after_commit():
        purchase = goods.bought(bob, published)
    assert Purchase.objects.get() == purchase
    assert purchase.state == "paid"
