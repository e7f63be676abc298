import pytest
from django.utils import timezone

from marketplace.listings.models import Listing
from marketplace.listings.search import search

from . import goods

pytestmark = pytest.mark.django_db
URL = "/api/v1/listings/"


@pytest.fixture
def shelf(alice):
    goods.published_of(alice, title="Linen Shirts", description="Summer.", tags=["clothes"], price=3_000)
    goods.published_of(alice, title="의류 이미지", description="여름 셔츠", tags=["옷"], price=1_000)
    goods.published_of(alice, goods.dataset_of(alice, 4, ["cat", "dog"]), title="Animals", price=200, currency="USD")
    goods.submitted_of(alice, title="Hidden shirts")


def titles(query: str = "", **facets: object) -> list[str]:
    return [listing.current.title for listing in search(query, **facets)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("shirts", ["Linen Shirts"]),
        ("SHIRTS linen", ["Linen Shirts"]),
        ("shirts winter", []),
        ("clothes", ["Linen Shirts"]),
        ("의류", ["의류 이미지"]),
        ("셔츠 옷", ["의류 이미지"]),
        ("hidden", []),
        ("%", []),
        ("", ["Animals", "의류 이미지", "Linen Shirts"]),
    ],
)
def test_words(shelf, query, found):
    assert titles(query) == found


@pytest.mark.parametrize(
    ("facets", "found"),
    [
        ({"labelled": True}, ["Animals"]),
        ({"labelled": False}, ["의류 이미지", "Linen Shirts"]),
        ({"currency": "KRW", "price_max": 1_500}, ["의류 이미지"]),
        ({"resolution": 8, "currency": "USD"}, ["Animals"]),
        ({"resolution": 64}, []),
        ({"licence": "open-attribution"}, []),
        ({"sort": "price"}, ["의류 이미지", "Linen Shirts", "Animals"]),
    ],
)
def test_facets(shelf, facets, found):
    assert titles(**facets) == found


def test_the_api_searches_alike(shelf, client):
    found = client.get(URL, {"q": "shirts", "price_max": 5_000, "currency": "KRW", "labelled": "false"}).json()[
        "results"
    ]
    assert [one["title"] for one in found] == ["Linen Shirts"]
    assert client.get(URL, {"price_max": "cheap"}).status_code == 400


@pytest.mark.parametrize("sort", ["new", "price"])
def test_pages_follow_the_order_and_repeat_nothing(shelf, client, sort):
    seen, url = [], f"{URL}?page_size=1&sort={sort}"
    while url:
        page = client.get(url).json()
        seen += [one["title"] for one in page["results"]]
        url = page["next"]
    assert seen == titles(sort=sort)


def test_mine_shows_every_state_to_me_alone(shelf, api, alice, bob):
    mine = api(alice).get(URL, {"mine": "true"}).json()["results"]
    assert [one["state"] for one in mine] == ["in_review", "published", "published", "published"]
    assert api(bob).get(URL, {"mine": "true"}).json()["results"] == []


@pytest.mark.parametrize("asked", [{}, {"mine": "true"}])
def test_the_list_asks_no_more_for_more(api, alice, asked, django_assert_num_queries):
    goods.published_of(alice, goods.dataset_of(alice, 1))
    client = api(alice)
    client.get(URL, asked)
    queries = 3 if asked else 2
    with django_assert_num_queries(queries):
        client.get(URL, asked)
    for _ in range(3):
        goods.published_of(alice, goods.dataset_of(alice, 1))
    with django_assert_num_queries(queries):
        assert len(client.get(URL, asked).json()["results"]) == 4


def test_a_withdrawn_listing_is_found_no_more(shelf):
    Listing.objects.filter(current__title="Animals").update(state="withdrawn", published_at=timezone.now())
    assert "Animals" not in titles()
