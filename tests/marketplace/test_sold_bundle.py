"""What the buyer gets, byte for byte."""

import hashlib
import io
import json
import zipfile

import pytest
from django.conf import settings

from marketplace.listings.samples import sample_indexes, sample_zip
from marketplace.purchases.models import Download

from . import goods

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")]


def body(response) -> bytes:
    return b"".join(response)


def downloaded(api, purchase) -> zipfile.ZipFile:
    url = f"/api/v1/purchases/{purchase.public_id}/bundle/"
    response = api(purchase.buyer).get(url)
    assert response.status_code == 200
    data = body(response)
    assert len(data) == int(response["Content-Length"])
    told = api(purchase.buyer).get(f"/api/v1/purchases/{purchase.public_id}/").json()["bundles"][0]
    assert hashlib.sha256(data).hexdigest() == told["sha256"]
    assert len(data) == told["size"]
    return zipfile.ZipFile(io.BytesIO(data))


def test_the_sold_zip_is_whole(api, purchase):
    archive = downloaded(api, purchase)
    assert archive.testzip() is None
    names = archive.namelist()
    assert len(names) == len(set(names))
    assert {"README.md", "croissant.json", "LICENSE.txt", "checksums.sha256", "manifest.jsonl", "quality.json"} < set(
        names
    )
    assert archive.read("LICENSE.txt").decode() == purchase.version.licence.text
    assert hashlib.sha256(archive.read("LICENSE.txt")).hexdigest() == purchase.licence_sha256


def test_its_checksums_name_every_other_file_and_hold(api, purchase):
    archive = downloaded(api, purchase)
    lines = [line.split("  ") for line in archive.read("checksums.sha256").decode().splitlines()]
    assert {name for _digest, name in lines} == set(archive.namelist()) - {"checksums.sha256"}
    assert all(hashlib.sha256(archive.read(name)).hexdigest() == digest for digest, name in lines)


def test_the_free_sample_is_found_in_it_by_hash(api, purchase):
    sold = downloaded(api, purchase)
    sample = zipfile.ZipFile(io.BytesIO(sample_zip(purchase.version)))
    images = [name for name in sample.namelist() if name.startswith("images/")]
    assert len(images) == 16
    assert all(sold.read(name) == sample.read(name) for name in images)
    by_file = {entry["file"]: entry for entry in map(json.loads, sold.read("manifest.jsonl").splitlines())}
    for line in sample.read("manifest.jsonl").splitlines():
        assert by_file[json.loads(line)["file"]] == json.loads(line)


def test_the_sample_can_be_drawn_again_by_the_rule_it_states(alice):
    version = goods.published_of(alice, goods.dataset_of(alice, 80)).current
    text = zipfile.ZipFile(io.BytesIO(sample_zip(version))).read("SAMPLE.txt").decode()
    seed, content_hash = version.sample_seed, version.dataset.content_hash
    assert str(seed) in text
    assert content_hash in text
    drawn: list[int] = []
    for step in range(200):
        digest = hashlib.sha256(f"{seed}:{content_hash}:{step}".encode()).digest()
        index = int.from_bytes(digest[:8], "big") % 80
        if index not in drawn and len(drawn) < 16:
            drawn.append(index)
    assert sample_indexes(version) == drawn


def test_the_seller_cannot_draw_another_sample(alice):
    dataset = goods.dataset_of(alice, 20)
    first, second = goods.draft_of(alice, dataset), goods.draft_of(alice, dataset)
    assert first.latest.sample_seed == second.latest.sample_seed


def test_a_small_dataset_is_its_own_sample(alice):
    version = goods.draft_of(alice, goods.dataset_of(alice, 5)).latest
    assert sorted(sample_indexes(version)) == [0, 1, 2, 3, 4]


def test_croissant_and_card_name_the_goods(api, purchase):
    archive = downloaded(api, purchase)
    croissant = json.loads(archive.read("croissant.json"))
    manifest = hashlib.sha256(archive.read("manifest.jsonl")).hexdigest()
    assert croissant["distribution"][0]["sha256"] == manifest
    assert croissant["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    card = archive.read("README.md").decode()
    assert card.startswith("---\n")
    assert 'pretty_name: "Generated shirts"' in card
    assert "Distance to real images: 21.0" in card
    assert purchase.version.dataset.content_hash in card


def test_a_resumed_download_is_the_same_bytes_and_one_delivery(api, purchase):
    url, client = f"/api/v1/purchases/{purchase.public_id}/bundle/", api(purchase.buyer)
    whole = body(client.get(url))
    first = client.get(url, headers={"Range": "bytes=0-999"})
    etag = first["ETag"]
    rest = client.get(url, headers={"Range": "bytes=1000-", "If-Range": etag})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert body(first) + body(rest) == whole
    assert Download.objects.filter(purchase=purchase).count() == 1
    purchase.refresh_from_db()
    assert purchase.delivery_started_at is not None


def test_looking_at_the_headers_starts_no_delivery(api, purchase):
    assert api(purchase.buyer).head(f"/api/v1/purchases/{purchase.public_id}/bundle/").status_code == 200
    purchase.refresh_from_db()
    assert purchase.delivery_started_at is None
    assert not Download.objects.exists()


def test_later_parts_are_sold_as_they_are(api, bob, alice):
    dataset = goods.dataset_of(alice, 20)
    goods.store(dataset, "bundle", "shirts-00002-of-00002.zip", b"PK, the second part", number=2)
    purchase = goods.bought(bob, goods.published_of(alice, dataset))
    told = api(bob).get(f"/api/v1/purchases/{purchase.public_id}/").json()["bundles"]
    assert [one["name"] for one in told] == ["shirts.zip", "shirts-00002-of-00002.zip"]
    second = api(bob).get(told[1]["url"].removeprefix(settings.SITE_URL))
    assert body(second) == b"PK, the second part"
    assert purchase.version.tails.count() == 1


def test_no_such_part(api, purchase):
    client, url = api(purchase.buyer), f"/api/v1/purchases/{purchase.public_id}/bundle/"
    assert client.get(f"{url}?part=2").status_code == 404
    assert client.get(f"{url}?part=0").json()["errors"] == {
        "part": ["Ensure this value is greater than or equal to 1."]
    }
