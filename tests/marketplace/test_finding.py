"""Words as people type them: compounds, slips of the finger, other scripts; counts, orders, addresses of the shelf."""

import time

import pytest
from django.db import connection
from django.db.models import Func, TextField, Value
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from marketplace.listings import counting, plans, search, search_form
from marketplace.listings.facets import FACETS
from marketplace.listings.models import ShelfEntry
from marketplace.purchases import reviews

from . import goods

pytestmark = pytest.mark.django_db


def found(address: str) -> search.Found:
    return search.find(search_form.asked(QueryDict(address)))


def titles(address: str) -> list[str]:
    return [row.current.title for row in search.page(found(address), 50).listings]


def offer(alice, title: str, **fields: object):
    return goods.published_of(alice, title=title, **{"description": "Plain.", "tags": []} | fields)


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("의류이미지 모음", "의류"),
        ("의류이미지 모음", "이미지"),
        ("겨울옷", "옷"),
        ("Ｓｈｉｒｔｓ 2026", "shirts"),
        ("Café façades", "cafe facades"),
        ("STRASSE", "straße"),
        ("Shirt", "shirts"),
        ("Boxes", "box"),
        ("猫の写真", "写真"),
    ],
)
def test_a_word_is_found_however_it_is_written(alice, title, query):
    offer(alice, title)
    assert titles(f"q={query}") == [title]


@pytest.mark.parametrize(
    ("title", "typed", "meant"),
    [
        ("Linen shirts", "shrts", "shirts"),
        ("Linen shirts", "shitrs", "shirts"),
        ("Linen shirts", "linnen shirts", "linen shirts"),
        ("Handwritten letters", "handwriten", "handwritten"),
        ("의류이미지", "의루이미지", "의류이미지"),
        ("겨울 외투", "괴울 외투", "겨울 외투"),
        ("여름 셔츠", "여름셔츠", "여름 셔츠"),
    ],
)
def test_a_slip_of_the_finger_finds_what_was_meant(alice, client, title, typed, meant):
    offer(alice, title)
    one = found(f"q={typed}")
    assert (one.asked.query, one.instead_of) == (meant, typed)
    assert titles(f"q={typed}") == [title]
    assert f"This is what “{meant}” finds" in client.get("/", {"q": typed}).text


@pytest.mark.parametrize("typed", ["xyzzyq", "a", "12345", "가"])
def test_what_nobody_offers_is_not_bent_into_something_else(alice, typed):
    offer(alice, "Linen shirts")
    assert found(f"q={typed}").instead_of == ""
    assert titles(f"q={typed}") == []


def test_a_word_that_is_used_is_never_mended(alice):
    offer(alice, "Shirts")
    offer(alice, "Shorts")
    assert titles("q=shorts") == ["Shorts"]


def test_all_words_in_the_title_come_first(alice):
    offer(alice, "Linen shirts")
    offer(alice, "Buttons", description="For linen shirts.")
    assert titles("q=linen shirts") == ["Linen shirts", "Buttons"]
    assert titles("q=linen shirts&sort=new") == ["Buttons", "Linen shirts"]


def test_counts_beyond_a_cap_say_or_more(alice, client, monkeypatch):
    monkeypatch.setattr(counting, "LOOKED_AT", 3)
    monkeypatch.setattr(counting, "CAP", 2)
    dataset = goods.dataset_of(alice, 20)
    for number in range(4):
        goods.published_of(alice, dataset, title=f"Shirts {number}")
    assert str(found("q=shirts").counts.total) == "2+"
    assert len(titles("q=shirts")) == 4


def test_counts_beside_a_facet_are_of_what_a_click_would_find(alice):
    offer(alice, "Plain", subject="fashion", price=0)
    goods.published_of(alice, goods.dataset_of(alice, 4, ["cat"]), title="Cats", subject="animals", price=20_000)
    one = found("subject=animals")
    for name, counted in one.counts.facets.items():
        for value, count in counted.items():
            alone = one.asked.having(FACETS[name], (value,))
            assert len(titles(alone.address)) == count, (name, value)
    assert one.counts.facets["subject"] == {"animals": 1, "fashion": 1}


def test_sales_and_ratings_order_the_shelf(alice, bob, charlie):
    rows = [offer(alice, title) for title in ("Never sold", "Sold twice", "Loved")]
    for number, buyer in enumerate((bob, charlie)):
        goods.bought(buyer, rows[1], f"twice-{number}")
    reviews.write(goods.bought(bob, rows[2], "loved"), 5)
    assert titles("sort=sales") == ["Sold twice", "Loved", "Never sold"]
    assert titles("sort=rating")[0] == "Loved"
    assert titles("sort=price") == titles("sort=new") == ["Loved", "Sold twice", "Never sold"]


def test_one_question_has_one_address(client, alice):
    offer(alice, "Shirts")
    one = found("sort=best&resolution=128,64,128&q= shirts &subject=fashion&subject=animals&nonsense=1").asked
    other = found("subject=animals,fashion&q=shirts&resolution=128&resolution=64").asked
    assert one.address == other.address == "q=shirts&subject=animals,fashion&resolution=64,128"
    page = client.get(f"/?subject=fashion&{one.address}").text
    assert '<link rel="canonical" href="/?q=shirts&amp;subject=animals,fashion&amp;resolution=64,128">' in page


def test_whoever_finds_nothing_is_led_to_what_comes_nearest(alice, client):
    offer(alice, "Linen shirts", price=0)
    text = client.get("/", {"q": "linen trousers", "currency": "USD"}).text
    assert "Nothing found" in text
    assert "Show all datasets" in text
    assert "Only “linen”" in client.get("/", {"q": "linen trousers"}).text


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is told nothing")
def test_an_estimate_that_was_wrong_is_cut_short_and_nothing_of_it_stays(monkeypatch, alice):
    goods.published_of(alice)
    monkeypatch.setattr(plans, "PATIENCE", 50)
    slept = Func(Value(0.2), function="pg_sleep", output_field=TextField())
    slow = ShelfEntry.objects.annotate(slept=slept).values_list("pk", "slept")
    began = time.monotonic()
    assert len(plans.quickest(slow)) == 1
    assert time.monotonic() - began > 0.24
    # The same is not judged wrongly again.
    with CaptureQueriesContext(connection) as again:
        assert len(plans.quickest(slow.all())) == 1
    assert sum("pg_sleep" in query["sql"] for query in again) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('enable_seqscan')")
        assert cursor.fetchone() == ("0", "on")
