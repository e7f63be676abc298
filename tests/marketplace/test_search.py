from urllib.parse import quote

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from marketplace.listings import drafts, search, search_form
from marketplace.listings.models import Listing, ShelfEntry

from . import goods

pytestmark = pytest.mark.django_db
URL = "/api/v1/listings/"


@pytest.fixture
def shelf(alice):
    goods.published_of(alice, title="Linen Shirts", description="Summer.", tags=["clothes"], price=3_000)
    goods.published_of(alice, title="의류 이미지", description="여름 셔츠", tags=["옷"], price=1_000)
    goods.published_of(
        alice, goods.dataset_of(alice, 4, ["cat", "dog"]), title="Animals", tags=[], price=200, currency="USD"
    )
    goods.submitted_of(alice, title="Hidden shirts")


def titles(address: str = "") -> list[str]:
    found = search.find(search_form.asked(QueryDict(address)))
    return [listing.current.title for listing in search.page(found, 50).listings]


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
    assert titles(f"q={quote(query)}&sort=new") == found


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("labelled=yes", ["Animals"]),
        ("labelled=no", ["의류 이미지", "Linen Shirts"]),
        ("currency=KRW&price_max=1500", ["의류 이미지"]),
        ("currency=KRW&price_min=1500", ["Linen Shirts"]),
        ("currency=USD&price_max=50", ["Animals"]),
        ("currency=USD", ["Animals"]),
        ("currency=free", []),
        ("licence=open-attribution", []),
        ("sort=price", ["의류 이미지", "Linen Shirts", "Animals"]),
        ("count_min=100", []),
        ("subject=other", ["Animals", "의류 이미지", "Linen Shirts"]),
        ("subject=fashion,food", []),
        ("quality=unknown&copies=none_found", ["Animals", "의류 이미지", "Linen Shirts"]),
        ("copies=many", []),
    ],
)
def test_facets(shelf, address, found):
    assert titles(address) == found


def test_the_api_searches_alike(shelf, client):
    found = client.get(URL, {"q": "shirts", "price_max": 5_000, "currency": "KRW", "labelled": "false"}).json()[
        "results"
    ]
    assert [one["title"] for one in found] == ["Linen Shirts"]
    assert client.get(URL, {"price_max": "cheap"}).status_code == 400


@pytest.mark.parametrize("name", ["price_min", "price_max"])
def test_a_price_without_a_currency_compares_nothing(shelf, client, name):
    assert set(client.get(URL, {name: 100}).json()["errors"]) == {name}


def test_free_is_free_in_every_currency(shelf, alice):
    goods.published_of(alice, goods.dataset_of(alice, 1), title="Gift", price=0, currency="USD")
    assert titles("currency=free") == ["Gift"]
    assert "Gift" in titles("currency=KRW")
    assert titles("sort=price")[0] == "Gift"
    assert "Gift" not in titles("currency=USD&price_min=1")


@pytest.mark.parametrize("sort", ["new", "price", "sales", "rating", "best"])
def test_pages_follow_the_order_and_repeat_nothing(shelf, client, sort):
    seen, url = [], f"{URL}?page_size=1&sort={sort}"
    while url:
        page = client.get(url).json()
        seen += [one["title"] for one in page["results"]]
        url = page["next"]
    assert seen == titles(f"sort={sort}")
    assert len(seen) == 3


def test_mine_shows_every_state_to_me_alone(shelf, api, alice, bob):
    mine = api(alice).get(URL, {"mine": "true"}).json()["results"]
    assert [one["state"] for one in mine] == ["in_review", "published", "published", "published"]
    assert api(bob).get(URL, {"mine": "true"}).json()["results"] == []


@pytest.mark.parametrize("asked", [{}, {"mine": "true"}])
def test_the_list_asks_no_more_for_more(api, alice, asked):
    goods.published_of(alice, goods.dataset_of(alice, 1))
    client = api(alice)
    client.get(URL, asked)
    with CaptureQueriesContext(connection) as few:
        client.get(URL, asked)
    for _ in range(3):
        goods.published_of(alice, goods.dataset_of(alice, 1))
    with CaptureQueriesContext(connection) as more:
        assert len(client.get(URL, asked).json()["results"]) == 4
    assert len(more) == len(few)


def test_a_withdrawn_listing_is_found_no_more(shelf):
    drafts.withdraw(Listing.objects.get(current__title="Animals"))
    assert "Animals" not in titles()
    assert ShelfEntry.objects.count() == 2


def found(client, query: str) -> list[str]:
    response = client.get(f"/?{query}")
    assert response.status_code == 200
    return [listing.current.title for listing in response.context["page"].listings]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("currency=KRW&price_max=1,500", ["의류 이미지"]),
        ("currency=USD&price_min=1.50&price_max=$2.00", ["Animals"]),
        ("currency=free", []),
        ("count_min=100", []),
        ("licence=commercial-single&labelled=yes", ["Animals"]),
        ("resolution=64", []),
    ],
)
def test_filters_of_the_page(shelf, client, query, titles):
    assert found(client, query) == titles


NONSENSE = [
    "resolution=x", "count_min=-1", "labelled=perhaps", "licence=none", "currency=EUR", "sort=best", "after=x",
    "after=1.2", "before=-1.0.0", "subject=none,", "quality=" + "good;" * 99,
    "q=%00", "price_max=9", "resolution=" + "9" * 400, "q=" + "%20" * 300, "sort[]=x&&=",
]  # fmt: skip


@pytest.mark.parametrize("query", NONSENSE)
def test_what_cannot_be_read_is_left_out(shelf, client, query):
    assert len(found(client, query)) == 3


@pytest.mark.parametrize("price", ["1e9", "NaN", "-5", "9" * 30, "Infinity", "%00", "1,5"])
def test_a_price_that_cannot_be_read_is_left_out(shelf, client, price):
    assert len(found(client, f"currency=KRW&price_min={price}")) == 2


def test_broken_letters_find_nothing(shelf, client):
    assert found(client, "q=%FF%FE") == []


def test_the_address_keeps_every_filter_and_each_can_be_taken_away(shelf, client):
    query = "price_max=5000&labelled=no&sort=price&q=shirts&currency=KRW"
    chips = {str(chip.label): chip.link for chip in client.get(f"/?{query}").context["chips"]}
    assert set(chips) == {"“shirts”", "Without labels", "Up to ₩5,000"}
    assert chips["“shirts”"] == "?labelled=no&currency=KRW&price_max=5000&sort=price"
    assert chips["Up to ₩5,000"] == "?q=shirts&labelled=no&sort=price"


def test_a_price_that_is_not_read_is_no_filter(shelf, client):
    assert client.get("/?price_max=5000").context["chips"] == []


def test_currencies_are_not_mixed_silently(shelf, client):
    note = "the two are not compared"
    assert note in client.get("/?sort=price").text
    assert note not in client.get("/?sort=price&currency=KRW").text
    assert note not in client.get("/?sort=new").text


def test_the_number_of_results_is_told(shelf, client):
    assert "3 datasets" in client.get("/?labelled=").text
    assert "1 dataset" in client.get("/?q=linen").text


def test_words_of_others_are_not_run(shelf, client):
    text = client.get("/", {"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in text


def test_pages_keep_the_filters(alice, client):
    dataset = goods.dataset_of(alice, 1)
    for _ in range(25):
        goods.published_of(alice, dataset, title="Many shirts")
    first = client.get("/?q=many&sort=price")
    assert first.context["next"].startswith("?q=many&sort=price&after=0.")
    assert first.context["previous"] == ""
    second = client.get("/" + first.context["next"])
    assert len(second.context["page"].listings) == 1
    back = client.get("/" + second.context["previous"])
    assert back.context["page"].listings == first.context["page"].listings
