import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone, translation

from marketplace.listings import drafts, publishing
from marketplace.listings.models import Listing
from marketplace.listings.rules import ListingRefused
from marketplace.moderation import standard_words
from marketplace.moderation.decisions import DecisionRefused, decide
from marketplace.moderation.models import Decision, Suspension
from marketplace.purchases.checkout import CheckoutRefused

from . import goods

pytestmark = pytest.mark.django_db
QUEUE = "/admin/moderation/review/"


def fields(page: str) -> dict[str, str]:
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return dict(hidden)


def test_staff_approve_by_plain_http(mod, submitted):
    browser = Client(enforce_csrf_checks=True)
    sign_in = browser.get("/admin/login/?next=/admin/").content.decode()
    browser.post(
        "/admin/login/?next=/admin/", fields(sign_in) | {"username": mod.email, "password": "correct horse 42"}
    )
    queue = browser.get(QUEUE).content.decode()
    link = next(link for link in re.findall(r'href="([^"]+)"', queue) if str(submitted.public_id) in link)
    page = browser.get(link).content.decode()
    answer = browser.post(link, fields(page) | {"outcome": "approve", "reason_code": "", "reason": ""}, follow=True)
    assert "goes on sale" in answer.content.decode()
    assert publishing.publish(submitted.in_review_id)
    submitted.refresh_from_db()
    assert submitted.state == Listing.State.PUBLISHED
    assert str(submitted.public_id) not in browser.get(QUEUE).content.decode()


def test_the_page_shows_the_evidence(browser_of, mod, submitted):
    page = browser_of(mod).get(f"{QUEUE}{submitted.public_id}/").content.decode()
    dataset = submitted.in_review.dataset
    for shown in (
        "Generated shirts",
        "Alice",
        "₩9,900",
        "21.0",
        "17.5",
        "0.34",
        "I made these images myself",
        "accepted: 3",
    ):
        assert shown in page, shown
    assert str(dataset.public_id) in page
    # Three thumbnails, and one beside the generated image that is closest to it.
    assert page.count('src="/studio/source-sets/') == 4


def test_rejecting_needs_a_code_and_takes_words_fix_and_deadline(browser_of, mod, submitted):
    browser, url = browser_of(mod), f"{QUEUE}{submitted.public_id}/"
    page = browser.post(url, {"outcome": "reject", "reason_code": "", "reason": "", "version": 1}).content.decode()
    assert "A rejection needs a reason code." in page
    assert not Decision.objects.exists()
    words = {"reason": "Say more.", "fix": "Name the fabric.", "deadline": "2099-01-31"}
    browser.post(url, {"outcome": "reject", "reason_code": "words", "version": 1} | words)
    submitted.refresh_from_db()
    decision = Decision.objects.get()
    assert (submitted.state, decision.reason, decision.fix) == ("rejected", "Say more.", "Name the fabric.")
    assert str(decision.deadline) == "2099-01-31"
    again = browser.get(url).content.decode()
    assert "Say more." in again
    assert "does not wait for a decision" in again


def test_one_click_rejects_with_the_usual_words_in_the_sellers_language(browser_of, alice, mod, submitted):
    alice.language = "ko"
    alice.save()
    browser_of(mod).post(f"{QUEUE}{submitted.public_id}/", {"outcome": "reject", "reason_code": "words", "version": 1})
    decision = Decision.objects.get()
    with translation.override("ko"):
        assert decision.reason == standard_words.why("words")
        assert decision.fix == standard_words.remedy("words")
    assert decision.deadline > timezone.localdate()


def test_a_deadline_lies_in_the_future(mod, submitted):
    with pytest.raises(DecisionRefused, match="future"):
        decide(submitted.in_review, mod, "reject", "words", deadline=timezone.localdate())


def test_another_version_than_was_looked_at_is_not_decided(browser_of, mod, submitted):
    answer = browser_of(mod).post(f"{QUEUE}{submitted.public_id}/", {"outcome": "approve", "version": 7})
    assert "newer version" in answer.content.decode()
    assert not Decision.objects.exists()


@pytest.mark.parametrize("path", [QUEUE, "detail"])
def test_others_do_not_get_in(browser_of, alice, submitted, path):
    url = f"{QUEUE}{submitted.public_id}/" if path == "detail" else path
    assert browser_of(alice).get(url).status_code == 302
    alice.is_staff = True
    alice.save()
    assert browser_of(alice).get(url).status_code == 403


def test_a_draft_is_not_in_review(browser_of, mod, draft):
    assert browser_of(mod).get(f"{QUEUE}{draft.public_id}/").status_code == 404


def test_moderators_by_group_may_decide(browser_of, charlie, submitted):
    charlie.is_staff = True
    charlie.save()
    charlie.groups.add(Group.objects.get_or_create(name="Moderators")[0])
    browser_of(charlie).post(f"{QUEUE}{submitted.public_id}/", {"outcome": "approve", "version": 1})
    submitted.refresh_from_db()
    assert submitted.approved_at


def test_the_queue_is_oldest_first_and_asks_no_more_for_more(browser_of, alice, mod, django_assert_max_num_queries):
    first = goods.submitted_of(alice, title="First")
    browser = browser_of(mod)
    for title in ("Second", "Third"):
        goods.submitted_of(alice, title=title)
    with django_assert_max_num_queries(8):
        page = browser.get(QUEUE).content.decode()
    assert page.index("First") < page.index("Second") < page.index("Third")
    assert str(first.public_id) in page


def test_the_admin_speaks_the_persons_language(browser_of, mod):
    mod.language = "ko"
    mod.save()
    page = browser_of(mod).get("/admin/").content.decode()
    assert 'lang="ko"' in page
    assert "GANerate" in page


@pytest.mark.parametrize(
    "path",
    [
        "accounts/user", "accounts/apitoken", "purchases/purchase", "purchases/account", "purchases/posting",
        "moderation/decision", "moderation/suspension", "listings/listing", "listings/licence",
    ],
)  # fmt: skip
def test_admin_lists_open(browser_of, mod, purchase, path):
    assert browser_of(mod).get(f"/admin/{path}/").status_code == 200


def test_money_is_read_only_in_admin(browser_of, mod, purchase):
    posting = purchase.postings.first()
    browser = browser_of(mod)
    assert browser.get(f"/admin/purchases/posting/{posting.pk}/change/").status_code == 200
    assert browser.post(f"/admin/purchases/posting/{posting.pk}/change/", {"amount": 1}).status_code == 403
    assert browser.get("/admin/purchases/posting/add/").status_code == 403
    assert browser.get(f"/admin/purchases/purchase/{purchase.pk}/change/").status_code == 200


def test_no_digest_is_shown(browser_of, mod, api, alice):
    api(alice)
    token = alice.api_tokens.get()
    page = browser_of(mod).get(f"/admin/accounts/apitoken/{token.pk}/change/").content.decode()
    assert token.prefix in page
    assert token.digest not in page


def test_deciding_over_the_api(api, mod, submitted):
    url = f"/api/v1/listings/{submitted.public_id}/decisions/"
    assert set(api(mod).post(url, {"outcome": "reject"}).json()["errors"]) == {"reason_code"}
    response = api(mod).post(url, {"outcome": "approve"})
    assert response.status_code == 201
    assert response.json()["outcome"] == "approve"
    assert api(mod).post(url, {"outcome": "approve"}).status_code == 409
    assert len(api(mod).get(url).json()) == 1


def test_nobody_decides_about_their_own(mod):
    listing = goods.submitted_of(mod)
    with pytest.raises(DecisionRefused, match="own listing"):
        decide(listing.in_review, mod, "approve")


def test_the_slower_of_two_moderators_decides_nothing(mod, submitted):
    version = submitted.in_review
    decide(version, mod, "approve")
    with pytest.raises(DecisionRefused, match="Mod decided first: approve"):
        decide(version, mod, "reject", "quality", "Too late.")
    assert Decision.objects.count() == 1
    submitted.refresh_from_db()
    assert submitted.approved_at


@pytest.fixture
def suspend(mod):
    def suspend(user, ability, days=1, **fields):
        until = timezone.now() + timedelta(days=days)
        return Suspension.objects.create(
            user=user, ability=ability, reason="Looked into.", imposed_by=mod, until=until, **fields
        )

    return suspend


def test_a_suspended_seller_neither_offers_nor_edits(alice, draft, suspend):
    suspend(alice, "sell")
    for act in (lambda: drafts.submit(draft), lambda: drafts.edit(draft, price=0), lambda: goods.draft_of(alice)):
        with pytest.raises(ListingRefused, match="suspended"):
            act()
    assert alice.has_perm("purchases.add_purchase")


def test_a_suspended_buyer_does_not_buy(bob, published, suspend):
    suspend(bob, "buy")
    with pytest.raises(CheckoutRefused, match="suspended"):
        goods.bought(bob, published)


def test_a_suspension_ends(alice, bob, suspend):
    suspend(alice, "train", days=-1)
    suspend(bob, "train", lifted_at=timezone.now())
    assert alice.has_perm("generation.add_generationjob")
    assert bob.has_perm("generation.add_generationjob")


def test_staff_suspend_and_lift_in_admin(browser_of, mod, alice):
    form = {"user": alice.pk, "ability": "sell", "reason": "Copies.", "until_0": "2099-01-01", "until_1": "12:00"}
    assert browser_of(mod).post("/admin/moderation/suspension/add/", form).status_code == 302
    row = Suspension.objects.get()
    assert row.imposed_by == mod
    assert not alice.has_perm("listings.add_listing")
    browser_of(mod).post(f"/admin/moderation/suspension/{row.pk}/lift/", {"why": "She explained it."})
    assert alice.has_perm("listings.add_listing")
