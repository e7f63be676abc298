"""Wish list and followed sellers."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from generation.models import Notification
from marketplace.listings import drafts, following, privacy, telling
from marketplace.listings.models import Follow, Wish

from . import goods

pytestmark = pytest.mark.django_db


def wish(listing):
    return reverse("wish", args=[listing.public_id])


def test_a_listing_goes_on_the_wish_list_once(bob, published, browser_of):
    browser = browser_of(bob)
    for _ in range(2):
        browser.post(wish(published), {"wanted": "1", "next": published.get_absolute_url()})
    assert Wish.objects.get().listing == published
    assert "Generated shirts" in browser.get(reverse("wishes")).text


def test_a_script_gets_the_changed_button(bob, published, browser_of):
    response = browser_of(bob).post(wish(published), {"wanted": "1"}, headers={"hx-request": "true"})
    assert 'aria-pressed="true"' in response.text
    assert "<html" not in response.text


def test_a_wish_is_taken_back_even_when_the_listing_is_off_sale(bob, published, browser_of):
    following.wish(bob, published.public_id, wanted=True)
    drafts.withdraw(published)
    assert "Not on sale at present" in browser_of(bob).get(reverse("wishes")).text
    browser_of(bob).post(wish(published), {"wanted": "0"})
    assert not Wish.objects.exists()


def test_the_way_back_stays_on_this_site(bob, published, browser_of):
    response = browser_of(bob).post(wish(published), {"wanted": "1", "next": "https://elsewhere.example/"})
    assert response.headers["Location"] == reverse("wishes")


def test_sellers_wish_for_nothing_of_their_own(alice, published, browser_of):
    browser_of(alice).post(wish(published), {"wanted": "1"})
    assert not Wish.objects.exists()


def test_a_draft_can_be_neither_seen_nor_wished_for(bob, draft, browser_of):
    assert browser_of(bob).post(wish(draft), {"wanted": "1"}).status_code == 404


def test_strangers_are_asked_to_sign_in(published, client):
    for path in (wish(published), reverse("follow", args=[published.seller.public_id])):
        assert reverse("account_login") in client.post(path).headers["Location"]


@pytest.mark.parametrize("name", ["wish", "follow"])
def test_looking_changes_nothing(name, bob, published, browser_of):
    ids = {"wish": published.public_id, "follow": published.seller.public_id}
    assert browser_of(bob).get(reverse(name, args=[ids[name]])).status_code == 405


def test_a_seller_is_followed_and_left(alice, bob, published, browser_of):
    browser, path = browser_of(bob), reverse("follow", args=[alice.public_id])
    for wanted in "111":
        browser.post(path, {"wanted": wanted})
    assert Follow.objects.get().seller == alice
    assert "Alice" in browser.get(reverse("followed-sellers")).text
    browser.post(path, {"wanted": "0"})
    assert not Follow.objects.exists()


def test_only_sellers_are_followed(alice, bob, charlie, published):
    for someone in (bob, charlie):
        with pytest.raises(following.Http404):
            following.follow(bob, someone.public_id, wanted=True)


def test_followers_hear_of_a_new_listing_once(alice, bob, published):
    following.follow(bob, alice.public_id, wanted=True)
    listing = goods.published_of(alice, title="More shirts")
    for _ in range(2):
        telling.tell_of_sale(listing.current_id, 0)
    told = Notification.objects.get(owner=bob, kind="new")
    assert (told.title, told.details) == ("More shirts", {"seller": "Alice", "version": 1})


@pytest.mark.parametrize(("price", "kind"), [(5_000, "price"), (9_900, "new"), (12_000, "new")])
def test_wishers_hear_of_a_lower_price_or_a_new_version(alice, bob, published, price, kind):
    following.wish(bob, published.public_id, wanted=True)
    earlier = published.current
    drafts.edit(published, price=price, subject="art")
    drafts.submit(published)
    later = goods.published(published).current
    telling.tell_of_sale(later.pk, earlier.pk)
    told = Notification.objects.get(owner=bob)
    assert (told.kind, told.details["version"]) == (kind, 2)


def test_going_on_sale_puts_the_errand_on_its_way(bob, submitted, django_capture_on_commit_callbacks):
    Follow.objects.create(follower=bob, seller=submitted.seller)
    with django_capture_on_commit_callbacks(execute=True):
        goods.published(submitted)
    assert Notification.objects.filter(owner=bob, kind="new").count() == 1


def wished_and_followed(bob, seller):
    seller.accept_present_terms()
    following.wish(bob, goods.published_of(seller).public_id, wanted=True)
    following.follow(bob, seller.public_id, wanted=True)


@pytest.mark.parametrize("name", ["wishes", "followed-sellers"])
def test_lists_ask_no_more_for_more(name, bob, browser_of, django_user_model):
    counts, browser = [], browser_of(bob)
    for number in range(3):
        wished_and_followed(bob, django_user_model.objects.create_user(f"s{number}@example.com", name=f"S{number}"))
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(reverse(name)).text.count('class="card"') == number + 1
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_wishes_over_the_api(api, alice, bob, published):
    asked = {"listing": str(published.public_id)}
    assert [api(bob).post("/api/v1/wishes/", asked).status_code for _ in range(2)] == [201, 201]
    assert [one["title"] for one in api(bob).get("/api/v1/wishes/").json()["results"]] == ["Generated shirts"]
    assert api(bob).delete(f"/api/v1/wishes/{published.public_id}/").status_code == 204
    assert api(bob).get("/api/v1/wishes/").json()["results"] == []
    assert api(alice).post("/api/v1/wishes/", asked).json()["errors"] == {"listing": ["This is your own listing."]}


def test_follows_over_the_api(api, alice, bob, published):
    asked = {"seller": str(alice.public_id)}
    assert api(bob).post("/api/v1/follows/", asked).json()["name"] == "Alice"
    assert len(api(bob).get("/api/v1/follows/").json()["results"]) == 1
    assert api(bob).delete(f"/api/v1/follows/{alice.public_id}/").status_code == 204
    assert api(bob).post("/api/v1/follows/", {"seller": str(bob.public_id)}).status_code == 404
    assert api(bob).post("/api/v1/follows/", {"seller": "nobody"}).status_code == 400


def test_wishes_and_follows_are_exported_and_forgotten(alice, bob, published):
    following.wish(bob, published.public_id, wanted=True)
    following.follow(bob, alice.public_id, wanted=True)
    exported = privacy.export_for(bob)
    assert exported["wishes"][0]["listing__public_id"] == published.public_id
    assert exported["follows"][0]["seller__public_id"] == alice.public_id
    privacy.erase(bob)
    assert not Wish.objects.exists()
    assert not Follow.objects.exists()
