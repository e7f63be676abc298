"""Reviews by people who bought, and what they do to a listing's rating."""

import threading

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from generation.models import Notification
from marketplace.purchases import reviews
from marketplace.purchases.models import Purchase, Review
from marketplace.purchases.reviews import ReviewRefused

from . import goods

pytestmark = pytest.mark.django_db
SAID = {"rating": "4", "as_described": "yes", "useful": "no", "licence_clear": "", "text": "Trained well."}


def rating(listing):
    listing.refresh_from_db()
    return listing.rating_count, listing.rating_sum


def page(purchase):
    return reverse("review", args=[purchase.public_id])


def test_a_buyer_reviews_and_everybody_reads_it(bob, published, purchase, browser_of, client):
    response = browser_of(bob).post(page(purchase), SAID)
    assert response.headers["Location"] == published.get_absolute_url() + "#reviews"
    review = Review.objects.get()
    assert (review.rating, review.as_described, review.useful, review.licence_clear) == (4, True, False, None)
    assert rating(published) == (1, 4)
    assert "Trained well." in client.get(reverse("listing-reviews", args=[published.public_id])).text


@pytest.mark.parametrize("language", ["ko", "en"])
def test_opinions_look_alike_in_both_languages(published, purchase, client, language):
    reviews.write(purchase, 3, as_described=False, useful=True)
    path = reverse("listing-reviews", args=[published.public_id])
    text = client.get(path, headers={"accept-language": language}).text
    assert text.count('<li class="no">') == text.count('<li class="yes">') == 1


def test_the_seller_is_told(alice, purchase):
    reviews.write(purchase, 5, "Fine.")
    told = Notification.objects.get(owner=alice, kind="review")
    assert (told.title, told.details) == ("Generated shirts", {"rating": 5, "text": "Fine."})


@pytest.mark.parametrize("given", [{"rating": ""}, {"rating": "6"}, {"rating": "4", "text": "x" * 4_001}])
def test_bad_input_is_refused_and_kept_in_the_form(given, bob, purchase, browser_of):
    response = browser_of(bob).post(page(purchase), SAID | given)
    assert response.status_code == 422
    assert response.context["form"].errors
    assert not Review.objects.exists()


def test_who_did_not_buy_writes_none(charlie, alice, mod, purchase, browser_of):
    for person in (charlie, alice, mod):
        assert browser_of(person).post(page(purchase), SAID).status_code == 404


def test_one_review_for_each_purchase(purchase, published):
    reviews.write(purchase, 5)
    with pytest.raises(ReviewRefused, match="already"):
        reviews.write(purchase, 1)
    assert rating(published) == (1, 5)


def test_a_pending_purchase_gives_no_voice(purchase):
    purchase.state = Purchase.State.PENDING
    with pytest.raises(ReviewRefused, match="paid for"):
        reviews.write(purchase, 1)


def test_it_is_changed_once(bob, published, purchase, browser_of):
    browser = browser_of(bob)
    for stars in "421":
        browser.post(page(purchase), SAID | {"rating": stars})
    assert rating(published) == (1, 2)
    assert "can be changed once" in browser.get(page(purchase)).text


def test_the_seller_answers_and_the_buyer_is_told_once(alice, bob, published, purchase, browser_of, client):
    review = reviews.write(purchase, 3)
    path = reverse("review-answer", args=[published.public_id, review.pk])
    for words in ("Sorry to hear.", "Version 2 mends it."):
        browser_of(alice).post(path, {"answer": words})
    review.refresh_from_db()
    assert review.answer == "Version 2 mends it."
    assert review.updated_at == review.created_at
    assert Notification.objects.get(owner=bob, kind="review").details["answer"] == "Sorry to hear."


def test_only_the_seller_answers(bob, charlie, mod, published, purchase, browser_of):
    path = reverse("review-answer", args=[published.public_id, reviews.write(purchase, 3).pk])
    for person in (bob, charlie, mod):
        assert browser_of(person).post(path, {"answer": "Me too."}).status_code == 404


def test_an_answer_without_words_is_asked_again(alice, published, purchase, browser_of):
    path = reverse("review-answer", args=[published.public_id, reviews.write(purchase, 3).pk])
    assert browser_of(alice).post(path, {"answer": " "}).status_code == 422
    assert browser_of(alice).get(path).status_code == 405


def test_a_hidden_review_counts_no_more_and_again_when_shown(published, purchase, client):
    review = reviews.write(purchase, 1, "Rude words.")
    assert [reviews.hide(review), reviews.hide(review)] == [True, False]
    assert rating(published) == (0, 0)
    assert "Rude words" not in client.get(reverse("listing-reviews", args=[published.public_id])).text
    assert reviews.show(review)
    assert rating(published) == (1, 1)


def test_a_hidden_review_that_is_changed_counts_what_it_became(published, purchase):
    review = reviews.write(purchase, 1)
    reviews.hide(review)
    reviews.show(reviews.change(review, 5))
    assert rating(published) == (1, 5)


def test_a_refund_takes_the_voice(published, purchase):
    reviews.write(purchase, 5)
    reviews.hide_refunded(purchase)
    assert rating(published) == (0, 0)


def test_marks_count_those_who_answered(alice, bob, charlie, published):
    reviews.write(goods.bought(bob, published), 5, as_described=True, useful=True)
    reviews.write(goods.bought(charlie, published, "two"), 4, as_described=False)
    found = {mark.name: (mark.yes, mark.asked) for mark in reviews.marks(published)}
    assert found == {"matches the description": (1, 2), "useful for training": (1, 1)}


def test_the_page_asks_no_more_for_more(published, client, django_user_model):
    counts = []
    for number in range(3):
        buyer = django_user_model.objects.create_user(f"b{number}@example.com", name=f"B{number}")
        buyer.accept_present_terms()
        reviews.write(goods.bought(buyer, published, str(number)), 5, f"Text {number}")
        with CaptureQueriesContext(connection) as queries:
            assert f"Text {number}" in client.get(reverse("listing-reviews", args=[published.public_id])).text
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_over_the_api(api, alice, bob, charlie, published, purchase):
    path = f"/api/v1/listings/{published.public_id}/reviews/"
    assert api(charlie).post(path, {"rating": 5}).json()["code"] == "nothing_to_review"
    written = api(bob).post(path, {"rating": 4, "useful": True, "text": "Good."})
    assert (written.status_code, written.json()["useful"], written.json()["changed"]) == (201, True, False)
    assert api(bob).post(path, {"rating": 4}).status_code == 409
    own = f"/api/v1/purchases/{purchase.public_id}/review/"
    assert api(bob).patch(own, {"rating": 2}).json()["rating"] == 2
    assert api(bob).patch(own, {"rating": 5}).status_code == 409
    answered = api(alice).post(f"{path}{written.json()['number']}/answer/", {"answer": "Thanks."})
    assert answered.json()["answer"] == "Thanks."
    assert api(charlie).get(path).json()["results"][0]["text"] == "Good."


def test_the_api_refuses_what_is_no_rating(api, bob, published, purchase):
    for wrong in (0, 6, "many", None):
        response = api(bob).post(f"/api/v1/listings/{published.public_id}/reviews/", {"rating": wrong}, format="json")
        assert response.status_code == 400


def test_two_reviews_at_once_are_one(committed, bob, published):
    purchase, start, outcomes = goods.bought(bob, published), threading.Barrier(2), []

    def send() -> None:
        start.wait()
        try:
            outcomes.append(reviews.write(purchase, 5).rating)
        except ReviewRefused:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) == {5, "refused"}
    assert rating(published) == (1, 5)
