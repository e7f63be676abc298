"""Lists cost the same number of queries however long they are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.conftest import person

from . import goods


def queries(browser, name: str) -> int:
    path = reverse(name)
    browser.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert browser.get(path).status_code == 200
    return len(seen)


@pytest.mark.parametrize(
    "name", ["listing-list", "studio", "source-set-list", "job-list", "dataset-list", "studio-listings"]
)
def test_sellers_lists_do_not_ask_per_row(alice, browser_of, name):
    browser = browser_of(alice)
    goods.published_of(alice)
    few = queries(browser, name)
    for _ in range(3):
        goods.published_of(alice)
    assert queries(browser, name) == few


def test_library_does_not_ask_per_row(alice, bob, browser_of):
    browser = browser_of(bob)
    goods.bought(bob, goods.published_of(alice))
    few = queries(browser, "library")
    for number in range(3):
        goods.bought(bob, goods.published_of(alice), str(number))
    assert queries(browser, "library") == few


@pytest.mark.parametrize("query", ["?q=shirts&labelled=no&sort=price&currency=KRW&price_max=99999", "?count_min=100"])
def test_searching_does_not_ask_per_row(alice, client, query):
    counts = []
    for _ in range(2):
        goods.published_of(alice)
        goods.published_of(alice)
        with CaptureQueriesContext(connection) as seen:
            client.get(f"/{query}")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_listing_does_not_ask_for_each_other_one(alice, client):
    listing, counts = goods.published_of(alice), []
    for _ in range(3):
        goods.published_of(alice)
        with CaptureQueriesContext(connection) as seen:
            client.get(listing.get_absolute_url())
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2]


STAFF_LISTS = [
    "listings/listing", "listings/licence", "purchases/purchase", "purchases/account", "purchases/posting",
    "moderation/decision", "moderation/review", "moderation/suspension", "accounts/user", "accounts/apitoken",
]  # fmt: skip


@pytest.mark.parametrize("path", STAFF_LISTS)
def test_lists_of_staff_do_not_ask_per_row(alice, mod, browser_of, path):
    browser, counts = browser_of(mod), []
    for number in range(3):
        seller = person(f"Seller{number}")
        goods.bought(mod, goods.published_of(seller), str(number))
        goods.submitted_of(seller)
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(f"/admin/{path}/").status_code == 200
        counts.append(len(seen))
    assert counts[1] == counts[2]


def test_gallery_does_not_ask_per_image(alice, browser_of):
    small, large = goods.dataset_of(alice, 5), goods.dataset_of(alice, 70)
    browser, counts = browser_of(alice), []
    for dataset in (small, large):
        with CaptureQueriesContext(connection) as seen:
            browser.get(dataset.get_absolute_url())
        counts.append(len(seen))
    assert counts[0] == counts[1]
