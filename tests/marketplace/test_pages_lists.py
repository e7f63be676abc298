"""Lists cost the same number of queries however long they are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

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


def test_gallery_does_not_ask_per_image(alice, browser_of):
    small, large = goods.dataset_of(alice, 5), goods.dataset_of(alice, 70)
    browser, counts = browser_of(alice), []
    for dataset in (small, large):
        with CaptureQueriesContext(connection) as seen:
            browser.get(dataset.get_absolute_url())
        counts.append(len(seen))
    assert counts[0] == counts[1]
