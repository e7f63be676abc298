"""The files of a purchase on its page and in the API: what there is, links for the buyer alone, other formats made."""

import pytest
from django.urls import reverse

from generation import formats
from marketplace.purchases import checkout, refunds, stopped

from . import goods
from .test_formats import got

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")]


@pytest.fixture(autouse=True)
def tickets(monkeypatch):
    """What was put on the queue: (kind, …)."""
    put: list[str] = []
    monkeypatch.setattr(formats, "see_to", lambda _dataset, kind: bool(put.append(kind)) or True)
    return put


@pytest.fixture
def unopened(bob, published):
    """Paid, without the consent that delivery begins."""
    return checkout.buy(bob, published.current, "one", licence_accepted=True)


def files(client, purchase, **asked):
    address = f"/api/v1/purchases/{purchase.public_id}/files/"
    return client.post(address, asked) if asked else client.get(address)


def page(browser, purchase) -> str:
    return browser.get(reverse("purchase", args=[purchase.public_id])).text


def test_the_page_has_links_sums_and_lines_for_a_shell(purchase, bob, browser_of, client):
    text = page(browser_of(bob), purchase)
    assert purchase.version.tails.get().sha256 in text
    assert "curl -fL -C - --create-dirs" in text
    assert "sha256sum -c" in text
    assert 'href="/downloads/' in text
    found = browser_of(bob).get(reverse("purchase", args=[purchase.public_id])).context["formats"]
    assert [(one.kind, one.state) for one in found] == [("bundle", "ready"), ("tar", "absent"), ("parquet", "absent")]


def test_before_the_buyer_agreed_there_are_no_links(unopened, bob, browser_of, api):
    text = page(browser_of(bob), unopened)
    assert "Before the first download" in text
    assert "/downloads/" not in text
    (told,) = [one["files"] for one in files(api(bob), unopened).json() if one["files"]]
    assert {file["url"] for file in told} == {None}


def test_staff_see_the_files_and_get_no_links(purchase, mod, browser_of, api):
    text = page(browser_of(mod), purchase)
    assert purchase.version.tails.get().sha256 in text
    assert "/downloads/" not in text
    assert files(api(mod), purchase).json()[0]["files"][0]["url"] is None
    assert files(api(mod), purchase, format="tar").status_code == 404


def test_a_refunded_purchase_has_no_files(purchase, bob, browser_of, api):
    refunds.refund(purchase, "staff")
    assert "/downloads/" not in page(browser_of(bob), purchase)
    assert files(api(bob), purchase).json() == []
    refused = files(api(bob), purchase, format="tar")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_delivered")


def test_what_was_stopped_says_why_and_gives_no_links(purchase, bob, browser_of, api, monkeypatch):
    monkeypatch.setattr(stopped, "askers", [lambda version: "Taken down after a notice."])
    text = page(browser_of(bob), purchase)
    assert "Taken down after a notice." in text
    assert "/downloads/" not in text
    assert files(api(bob), purchase).json()[0]["files"][0]["url"] is None


def test_a_program_asks_for_a_format_and_gets_it(
    purchase, bob, api, client, tickets, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        asked = files(api(bob), purchase, format="parquet")
    assert (asked.status_code, tickets) == (202, ["parquet"])
    assert asked.json()[2] == {"format": "parquet", "state": "making", "images_done": 0, "files": []}
    formats.make(purchase.version.dataset_id, "parquet")
    made = files(api(bob), purchase).json()[2]
    assert (made["state"], made["images_done"]) == ("ready", 20)
    assert all(len(got(client, file["url"])) == file["size"] for file in made["files"])


@pytest.mark.parametrize("kind", ["", "bundle", "manifest", "../x"])
def test_only_what_is_made_on_demand_is_made(purchase, bob, api, browser_of, kind):
    assert files(api(bob), purchase, format=kind).status_code == 400
    path = reverse("purchase-formats", args=[purchase.public_id])
    assert browser_of(bob).post(path, {"kind": kind}).status_code == 404


def test_without_scripts_the_button_leads_back_to_the_page(purchase, bob, browser_of):
    browser, path = browser_of(bob), reverse("purchase-formats", args=[purchase.public_id])
    response = browser.post(path, {"kind": "tar"})
    assert response["Location"] == reverse("purchase", args=[purchase.public_id])
    assert "Being made: 0 of 20 images" in page(browser, purchase)
    assert browser.get(path)["Location"] == response["Location"]


def test_with_scripts_the_part_tells_how_far_it_is(purchase, bob, browser_of):
    browser, path = browser_of(bob), reverse("purchase-formats", args=[purchase.public_id])
    htmx = {"hx-request": "true"}
    assert 'hx-trigger="every 2s"' in browser.post(path, {"kind": "tar"}, headers=htmx, follow=True).text
    formats.make(purchase.version.dataset_id, "tar")
    text = browser.get(path, headers=htmx).text
    assert "every 2s" not in text
    assert "shirts.tar" in text
    assert "<html" not in text


def test_no_room_is_said_and_nothing_is_planned(purchase, bob, api, browser_of, monkeypatch):
    monkeypatch.setattr(formats.room, "free", lambda: 1)
    answer = files(api(bob), purchase, format="tar")
    assert (answer.status_code, answer.json()["code"]) == (507, "no_room")
    path = reverse("purchase-formats", args=[purchase.public_id])
    assert "There is no room" in browser_of(bob).post(path, {"kind": "tar"}, follow=True).text
    assert not purchase.version.dataset.files.filter(kind="tar").exists()


def test_more_files_need_no_more_queries(alice, bob, browser_of, django_assert_max_num_queries):
    browser, counts = browser_of(bob), []
    for parts in (1, 5):
        dataset = goods.dataset_of(alice, 20)
        for number in range(2, parts + 1):
            goods.store(dataset, "bundle", f"shirts-{number}.zip", b"PK", number=number)
        purchase = goods.bought(bob, goods.published_of(alice, dataset), str(parts))
        path = reverse("purchase", args=[purchase.public_id])
        browser.get(path)
        with django_assert_max_num_queries(30) as told:
            browser.get(path)
        counts.append(len(told))
    assert counts[0] == counts[1]


def test_a_purchase_of_another_buyer_is_not_there(purchase, charlie, alice, api, browser_of):
    for other in (charlie, alice):
        assert files(api(other), purchase).status_code == 404
        assert files(api(other), purchase, format="tar").status_code == 404
        path = reverse("purchase-formats", args=[purchase.public_id])
        assert (
            browser_of(other).get(path).status_code == browser_of(other).post(path, {"kind": "tar"}).status_code == 404
        )


def test_a_token_needs_the_scope_to_buy(purchase, bob, api):
    assert files(api(bob, ["read"]), purchase, format="tar").status_code == 403
    assert files(api(bob, ["sell"]), purchase).status_code == 403
