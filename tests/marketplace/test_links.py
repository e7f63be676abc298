"""Links to the files of a purchase: whoever holds one has the file, for a while and until a refund."""

import hashlib
import shlex
from datetime import timedelta
from urllib.parse import unquote, urlsplit

import pytest
from django.conf import settings
from django.core import signing
from django.core.files.storage import default_storage
from django.utils import timezone

from generation.bundles import Bundle
from generation.models import DatasetFile
from marketplace.purchases import checkout, consent, delivery, links, refunds, stopped
from marketplace.purchases.models import Download, Purchase

from . import goods
from .test_formats import fresh, got

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")]


def zip_of(purchase: Purchase) -> Bundle:
    return delivery.bundles(fresh(purchase))[0]


def link_of(purchase: Purchase) -> str:
    return delivery.link(purchase, "bundle", zip_of(purchase))


def begun(purchase: Purchase) -> bool:
    return Purchase.objects.get(pk=purchase.pk).delivery_started_at is not None


def test_a_link_gives_the_file_to_a_program_without_a_session(purchase, client):
    response = client.get(link_of(purchase))
    data = b"".join(response)
    assert hashlib.sha256(data).hexdigest() == zip_of(purchase).sha256 == response["ETag"].strip('"')
    assert (len(data), response["Cache-Control"]) == (zip_of(purchase).size, "private, no-transform")
    assert 'filename="shirts.zip"' in response["Content-Disposition"]


def test_a_link_is_whole_and_names_its_file(purchase):
    address = urlsplit(link_of(purchase))
    assert f"{address.scheme}://{address.netloc}" == settings.SITE_URL
    assert address.path.rpartition("/")[2] == "shirts.zip"


@pytest.mark.parametrize("damage", [lambda text: text[:-1], lambda text: text[1:], str.upper, lambda text: text + "A"])
def test_a_link_that_was_changed_gives_nothing(purchase, client, damage):
    _, _, token, name = urlsplit(link_of(purchase)).path.split("/")
    response = client.get(f"/downloads/{damage(token)}/{name}")
    assert (response.status_code, response.json()["code"]) == (404, "altered")
    assert not begun(purchase)


NO_LINKS = ["x", "%00", "가:나:다", ":", "a" * 4_000, signing.dumps([1, 2], salt=links.SALT)]


@pytest.mark.parametrize("token", NO_LINKS, ids=range(len(NO_LINKS)))
def test_what_was_never_a_link_gives_nothing(client, token):
    assert client.get(f"/downloads/{token}/x.zip").status_code == 404


def test_a_link_signed_for_something_else_gives_nothing(purchase, client):
    until = timezone.now().timestamp() + 3_600
    token = signing.dumps([purchase.public_id.hex, "bundle", "shirts.zip", zip_of(purchase).sha256[:16], until])
    assert client.get(f"/downloads/{token}/shirts.zip").status_code == 404


def test_a_link_expires(purchase, client, time_machine):
    time_machine.move_to(timezone.now())
    address = link_of(purchase)
    time_machine.shift(timedelta(minutes=59))
    assert client.get(address).status_code == 200
    time_machine.shift(timedelta(minutes=2))
    response = client.get(address)
    assert (response.status_code, response.json()["code"]) == (410, "expired")
    assert "new link" in response.json()["detail"]
    assert response["Cache-Control"] == "no-store"


def test_a_large_file_has_time_but_never_more_than_a_day():
    assert links.lifetime(1_000) == timedelta(hours=1)
    assert timedelta(hours=3) < links.lifetime(4 * 10**9) < timedelta(hours=4)
    assert links.lifetime(10**13) == timedelta(days=1)


def test_a_link_is_for_no_other_person_who_is_signed_in(purchase, charlie, mod, bob, browser_of):
    address = link_of(purchase)
    for other in (charlie, mod):
        response = browser_of(other).get(address, headers={"accept": "text/html"})
        assert response.status_code == 403
        assert "belongs to another person" in response.text
    assert not begun(purchase)
    assert browser_of(bob).get(address).status_code == 200


def test_a_refund_ends_a_download_in_its_middle(purchase, client):
    address = link_of(purchase)
    first = client.get(address, headers={"range": "bytes=0-99"})
    assert first.status_code == 206
    refunds.refund(purchase, "staff")
    rest = client.get(address, headers={"range": "bytes=100-", "if-range": first["ETag"]})
    assert (rest.status_code, rest.json()["code"]) == (403, "not_delivered")
    assert "refunded" in rest.json()["detail"]


def test_nothing_is_sent_before_the_buyer_agreed(published, bob, client):
    purchase = checkout.buy(bob, published.current, "one", licence_accepted=True)
    address = link_of(purchase)
    assert client.get(address).status_code == 403
    assert refunds.can_withdraw(fresh(purchase))
    consent.give(purchase)
    assert client.get(address).status_code == 200
    assert not refunds.can_withdraw(fresh(purchase))


def test_what_was_stopped_meanwhile_is_not_sent(purchase, client, monkeypatch):
    address = link_of(purchase)
    monkeypatch.setattr(stopped, "askers", [lambda version: "Taken down."])
    assert client.get(address).json()["detail"].startswith("Taken down.")


def test_a_link_is_to_these_bytes_or_to_none(purchase, client):
    address = link_of(purchase)
    purchase.version.tails.update(sha256="f" * 64)
    response = client.get(address)
    assert (response.status_code, response.json()["code"]) == (404, "gone")


def test_looking_is_no_delivery_and_neither_are_texts(purchase, client):
    one = delivery.formats(fresh(purchase))[0]
    assert client.head(link_of(purchase)).status_code == 200
    assert client.get(link_of(purchase), headers={"range": "bytes=99999999-"}).status_code == 416
    assert got(client, delivery.link(purchase, "bundle", one.files[-1])).startswith(one.files[0].sha256.encode())
    assert got(client, links.link(purchase, "bundle", delivery.script_name(purchase, "bundle"), "", 1))
    assert not begun(purchase)
    got(client, link_of(purchase))
    assert begun(purchase)
    assert Download.objects.get().file_name == "shirts.zip"


def test_a_file_that_is_not_stored_says_so_and_is_no_delivery(purchase, client):
    default_storage.delete(DatasetFile.objects.get(dataset=purchase.version.dataset, kind="bundle").key)
    assert client.get(link_of(purchase)).status_code == 503
    assert not begun(purchase)


def test_only_reading_is_offered(purchase, client):
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client, method)(link_of(purchase)).status_code == 405


@pytest.mark.parametrize("name", ["겨울 외투 (1).zip", "a'b\"c$(id).zip", "50%.zip"])
def test_any_name_is_safe_in_a_shell_and_in_an_address(purchase, client, name):
    DatasetFile.objects.filter(dataset=purchase.version.dataset, kind="bundle").update(name=name)
    row = zip_of(purchase)
    line = delivery.command(purchase, "bundle", row)
    words = shlex.split(line)
    assert words[:6] == ["curl", "-fL", "-C", "-", "--create-dirs", "-o"]
    assert words[6] == name
    assert unquote(words[7].rpartition("/")[2]) == name
    assert len(got(client, words[7])) == row.size


def test_people_see_a_page_that_leads_on(client):
    response = client.get("/downloads/x/x.zip", headers={"accept": "text/html,*/*;q=0.8"})
    assert response.status_code == 404
    assert "/library/" in response.text


def test_a_purchase_of_two_parts_has_a_link_for_each(alice, bob, client):
    dataset = goods.dataset_of(alice, 20)
    goods.store(dataset, "bundle", "shirts-00002-of-00002.zip", b"PK, the second part", number=2)
    purchase = goods.bought(bob, goods.published_of(alice, dataset))
    first, second, sums = delivery.formats(fresh(purchase))[0].files
    assert got(client, delivery.link(purchase, "bundle", second)) == b"PK, the second part"
    assert sums.text is not None
    assert {line.split("  ")[1] for line in sums.text.decode().splitlines()} == {first.name, second.name}
