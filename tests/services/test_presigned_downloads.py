"""Buyers and owners get files from the store itself, by links that it refuses when they are old or altered."""

import hashlib
import io
import time
import zipfile
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from generation import bucket, bundles, formats
from marketplace.listings import publishing
from marketplace.purchases import delivery, refunds
from marketplace.purchases.models import Download, Purchase
from tests.marketplace import goods

pytestmark = pytest.mark.django_db


@pytest.fixture
def purchase(alice, bob):
    cache.clear()
    return goods.bought(bob, goods.published_of(alice))


@pytest.fixture
def file(purchase):
    return delivery.bundles(purchase)[0]


@pytest.fixture
def address(purchase, file) -> str:
    """As it stands in the library."""
    return delivery.link(purchase, "bundle", file).removeprefix("http://127.0.0.1:8000")


def test_a_click_leads_to_the_whole_bundle_under_its_own_name(client, address, file, fetch):
    click = client.get(address)
    assert (click.status_code, click.content, click["Cache-Control"]) == (302, b"", "no-store")
    answer = fetch(click["Location"])
    assert (answer.status, hashlib.sha256(answer.body).hexdigest()) == (200, file.sha256)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{file.name}"'
    assert answer.headers["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    assert archive.testzip() is None
    assert {"README.md", "croissant.json", "LICENSE.txt"} < set(archive.namelist())


def test_no_byte_of_it_comes_by_the_site(client, address, monkeypatch, purchase):
    def never(*args: object) -> bytes:
        raise AssertionError("the site read a file")

    monkeypatch.setattr(bucket, "read", never)
    monkeypatch.setattr("storages.backends.s3.S3Storage._open", never)
    assert client.get(address).status_code == 302
    assert Download.objects.filter(purchase=purchase).count() == 1


def test_ranges_go_on_at_the_store(client, address, file, fetch):
    link = client.get(address, headers={"Range": "bytes=100-"})["Location"]
    answer = fetch(link, Range="bytes=100-199")
    assert (answer.status, len(answer.body)) == (206, 100)
    assert answer.headers["Content-Range"] == f"bytes 100-199/{file.size}"
    whole = client.get(address, headers={"Range": f"bytes={file.size}-"})
    assert (whole.status_code, whole["Content-Range"]) == (416, f"bytes */{file.size}")


def test_its_headers_alone(client, address, file, fetch, purchase):
    answer = fetch(client.head(address)["Location"], "HEAD")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", str(file.size))
    assert not Download.objects.filter(purchase=purchase).exists()


def test_the_store_refuses_an_expired_link(client, address, fetch, monkeypatch):
    monkeypatch.setattr(bucket, "DOWNLOAD_SECONDS", 1)
    link = client.get(address)["Location"]
    time.sleep(2.1)
    assert fetch(link).status == 403


@pytest.mark.parametrize(
    ("signed", "put_in"),
    [("Expires=120", "Expires=86400"), (".zip", ".exe"), ("joined", "joineD"), ("ganerate%2F", "nobody%2F")],
)
def test_the_store_refuses_an_altered_link(client, address, fetch, signed, put_in):
    link = client.get(address)["Location"]
    assert signed in link
    assert fetch(link.replace(signed, put_in)).status == 403
    assert fetch(link.partition("?")[0]).status == 403


def test_a_click_on_an_altered_anothers_or_expired_link_leads_nowhere(
    client, address, browser_of, charlie, time_machine
):
    assert client.get(address.replace("/downloads/", "/downloads/x")).status_code == 404
    assert browser_of(charlie).get(address).status_code == 403
    time_machine.move_to(timezone.now() + timedelta(hours=2))
    assert client.get(address).status_code == 410


def test_after_a_refund_a_click_leads_nowhere_and_what_was_handed_out_ends_soon(client, address, purchase):
    link = client.get(address)["Location"]
    refunds.refund(purchase, "staff")
    assert client.get(address).status_code == 403
    assert "X-Amz-Expires=120&" in link


def test_the_api_leads_there_too(api, bob, charlie, purchase, file, fetch):
    address = f"/api/v1/purchases/{purchase.public_id}/bundle/"
    answer = fetch(api(bob).get(address)["Location"])
    assert hashlib.sha256(answer.body).hexdigest() == file.sha256
    assert api(charlie).get(address).status_code == 404


def test_the_owners_own_bundle(api, alice, charlie, fetch):
    dataset = goods.dataset_of(alice)
    address = f"/api/v1/datasets/{dataset.public_id}/bundle/"
    answer = fetch(api(alice).get(address)["Location"])
    assert hashlib.sha256(answer.body).hexdigest() == bundles.owner_bundles(dataset)[0].sha256
    assert api(charlie).get(address).status_code == 404


@pytest.mark.parametrize("kind", ["tar", "parquet"])
def test_other_formats_and_what_goes_with_them(client, purchase, kind, fetch):
    dataset = purchase.version.dataset
    formats.ask(dataset, kind)
    formats.make(dataset.pk, kind)
    found = delivery.of_kind(Purchase.objects.get(pk=purchase.pk), kind)
    for file in found.files:
        click = client.get(delivery.link(purchase, kind, file).removeprefix("http://127.0.0.1:8000"))
        body = click.content if file.text is not None else fetch(click["Location"]).body
        assert hashlib.sha256(body).hexdigest() == file.sha256
    assert found.files[0].text is None


def test_a_korean_name(client, alice, fetch):
    dataset = goods.dataset_of(alice)
    dataset.files.filter(kind="bundle").update(name="모자-77.zip")
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    answer = fetch(client.get(f"/studio/datasets/{dataset.public_id}/bundles/1/")["Location"])
    told = answer.headers["Content-Disposition"]
    assert told == "attachment; filename=\"77.zip\"; filename*=utf-8''%EB%AA%A8%EC%9E%90-77.zip"


def test_a_bundle_that_is_not_there_is_said_before_the_store_is_asked_to_hand_it_out(client, address, purchase):
    bucket.remove([bundles.joined_key(purchase.version.tails.get().key)])
    click = client.get(address)
    assert (click.status_code, "can't be read at the moment" in click.text) == (503, True)
    assert not Download.objects.filter(purchase=purchase).exists()


def test_publishing_again_writes_the_same_and_taking_it_away_leaves_nothing(purchase, file):
    tail = purchase.version.tails.get()
    assert publishing.build_tails(purchase.version)[0].sha256 == file.sha256
    joined = bucket.read(bundles.joined_key(tail.key), 0, file.size + 1)
    assert hashlib.sha256(joined).hexdigest() == file.sha256
    bundles.remove_tail(tail.key)
    assert bucket.under(tail.key.rpartition("/")[0]) == []


def test_after_a_move_from_a_folder_the_bundles_are_joined_once(purchase, file, capsys):
    joined = bundles.joined_key(purchase.version.tails.get().key)
    bucket.remove([joined])
    call_command("join_bundles")
    assert hashlib.sha256(bucket.read(joined, 0, file.size)).hexdigest() == file.sha256
    call_command("join_bundles")
    assert capsys.readouterr().out == "1 bundles joined.\n0 bundles joined.\n"
