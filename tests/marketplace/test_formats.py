"""What a buyer gets in each format, read by the libraries that it is for."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.utils import translation

from generation import formats, parquet
from marketplace.accounts.models import User
from marketplace.listings.samples import sample_zip
from marketplace.purchases import delivery
from marketplace.purchases.access import own_purchase
from marketplace.purchases.models import Purchase

from . import goods

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")]
KINDS = ("bundle", "tar", "parquet")
LABELS = ["모자", "a/b", "shirt"]


@pytest.fixture(autouse=True)
def small_files(monkeypatch):
    """Several of each kind."""
    monkeypatch.setattr(formats, "LIMITS", {"tar": (15, 10**9), "parquet": (15, 10**9)})
    monkeypatch.setattr(formats, "see_to", lambda *_: True)


@pytest.fixture
def library(bob, alice, client):
    """library(labels): Bob's purchase, every format made, and its files in a folder for each."""

    def make(folder: Path, labels: list[str] | None = None) -> Purchase:
        purchase = goods.bought(bob, goods.published_of(alice, goods.dataset_of(alice, 40, labels)))
        for kind in formats.MADE:
            delivery.prepare(purchase, kind)
            formats.make(purchase.version.dataset_id, kind)
        purchase = fresh(purchase)
        for one in delivery.formats(purchase):
            (folder / one.kind).mkdir()
            for file in one.files:
                (folder / one.kind / file.name).write_bytes(got(client, delivery.link(purchase, one.kind, file)))
        for part in (folder / "bundle").glob("*.zip"):
            zipfile.ZipFile(part).extractall(folder / "unpacked")
        return purchase

    return make


def fresh(purchase: Purchase) -> Purchase:
    return own_purchase(User.objects.get(pk=purchase.buyer_id), purchase.public_id)


def got(client, address: str) -> bytes:
    response = client.get(address)
    assert response.status_code == 200, response
    return b"".join(response)


def hashes(folder: Path, kind: str) -> set[str]:
    """SHA-256 of every image in a format."""
    if kind == "bundle":
        pictures = [path.read_bytes() for path in (folder / "unpacked").rglob("*.png")]
    elif kind == "tar":
        pictures = [picture for path in (folder / kind).glob("*.tar") for picture in pictures_in(path)]
    else:
        tables = [pq.read_table(path, columns=["image"]) for path in (folder / kind).glob("*.parquet")]
        pictures = [image["bytes"] for table in tables for image in table["image"].to_pylist()]
    return {hashlib.sha256(picture).hexdigest() for picture in pictures}


def pictures_in(path: Path) -> list[bytes]:
    with tarfile.open(path) as archive:
        return [archive.extractfile(one).read() for one in archive if one.name.endswith(".png")]


@pytest.mark.parametrize("labels", [LABELS, []], ids=["labels", "plain"])
def test_the_free_sample_is_found_by_hash_in_every_format(library, tmp_path, labels):
    purchase = library(tmp_path, labels)
    sample = zipfile.ZipFile(io.BytesIO(sample_zip(purchase.version)))
    drawn = {hashlib.sha256(sample.read(name)).hexdigest() for name in sample.namelist() if name.endswith(".png")}
    assert len(drawn) == 16
    for kind in KINDS:
        sold = hashes(tmp_path, kind)
        assert len(sold) == 40
        assert drawn <= sold


def test_card_licence_croissant_and_checksums_go_with_each(library, tmp_path):
    purchase = library(tmp_path)
    for folder in (tmp_path / "unpacked", tmp_path / "tar", tmp_path / "parquet"):
        assert (folder / "LICENSE.txt").read_text() == purchase.version.licence.text
        assert purchase.version.dataset.content_hash in (folder / "README.md").read_text()
        assert json.loads((folder / "croissant.json").read_text())["name"] == "Generated shirts"
        assert json.loads((folder / "quality.json").read_text()) == goods.REPORT


def test_sha256sum_finds_every_file_whole_and_one_that_is_not(library, tmp_path):
    library(tmp_path)
    for kind in KINDS:
        (listed,) = (tmp_path / kind).glob("*.sha256")
        check = ["sha256sum", "-c", listed.name]
        assert subprocess.run(check, cwd=listed.parent, capture_output=True).returncode == 0
        named = [line.split("  ")[1] for line in listed.read_text().splitlines()]
        assert {*named, listed.name} == {path.name for path in listed.parent.iterdir()}
        (listed.parent / named[0]).write_bytes(b"something else")
        assert subprocess.run(check, cwd=listed.parent, capture_output=True).returncode == 1
    inside = subprocess.run(["sha256sum", "-c", "checksums.sha256"], cwd=tmp_path / "unpacked", capture_output=True)
    assert inside.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("labels", [LABELS, []], ids=["labels", "plain"])
def test_the_library_datasets_loads_each(library, tmp_path, labels, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    import datasets

    def load(builder: str, **where: str):
        return datasets.load_dataset(builder, split="train", cache_dir=str(tmp_path / "cache"), **where)

    library(tmp_path, labels)
    parquet = load("parquet", data_files=str(tmp_path / "parquet" / "*.parquet"))
    tar = load("webdataset", data_files=str(tmp_path / "tar" / "*.tar"))
    folder = load("imagefolder", data_dir=str(tmp_path / "unpacked" / "images"))
    assert [one.num_rows for one in (parquet, tar, folder)] == [40, 40, 40]
    assert all(one[0][image].size == (8, 8) for one, image in ((parquet, "image"), (tar, "png"), (folder, "image")))
    if labels:
        assert [parquet.features["label"].int2str(row["label"]) for row in parquet.select(range(4))] == [
            *LABELS,
            "모자",
        ]
        assert [LABELS[row["cls"]] for row in tar.select(range(4))] == [
            row["json"]["label"] for row in tar.select(range(4))
        ]
        assert sorted(folder.features["label"].names) == ["a_b", "shirt", "모자"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["unpacked", "tar", "parquet"])
def test_the_folder_as_downloaded_loads_by_its_card(library, tmp_path, monkeypatch, kind):
    """Without a card `datasets` would take the json files for the data."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    import datasets

    library(tmp_path, LABELS)
    loaded = datasets.load_dataset(str(tmp_path / kind), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.num_rows == 40
    assert {"image", "png"} & set(loaded.column_names)


def test_the_library_webdataset_streams_the_shards(library, tmp_path):
    import webdataset

    library(tmp_path, LABELS)
    shards = sorted(str(path) for path in (tmp_path / "tar").glob("*.tar"))
    rows = list(webdataset.WebDataset(shards, shardshuffle=False).decode("pil"))
    assert len(rows) == 40
    assert all(row["png"].size == (8, 8) and LABELS[row["cls"]] == row["json"]["label"] for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("labels", [LABELS, []], ids=["labels", "plain"])
@pytest.mark.parametrize("kind", ["unpacked", "tar", "parquet"])
def test_mlcroissant_validates_and_iterates(library, tmp_path, labels, kind, monkeypatch):
    purchase = library(tmp_path, labels)
    monkeypatch.setenv("CROISSANT_CACHE", str(tmp_path / "cache"))
    # mlcroissant unpacks into its cache by name: another test's shards have the same.
    from mlcroissant._src.operation_graph.operations import extract

    monkeypatch.setattr(extract, "EXTRACT_PATH", type(extract.EXTRACT_PATH)(tmp_path / "cache"))
    import mlcroissant

    described = mlcroissant.Dataset(jsonld=str(tmp_path / kind / "croissant.json"))
    issues = described.metadata.ctx.issues
    assert (list(issues.errors), list(issues.warnings)) == ([], [])
    records = list(described.records("records"))
    assert len(records) == purchase.version.dataset.count
    assert {record["records/sha256"].decode() for record in records} == hashes(
        tmp_path, kind.replace("unpacked", "bundle")
    )
    assert all(record["records/image"].size == (8, 8) for record in records)
    if labels:
        assert [one["labels/name"] for one in described.records("labels")] == LABELS


def test_croissant_tells_how_the_data_came_about(library, tmp_path):
    purchase = library(tmp_path)
    told = json.loads((tmp_path / "parquet" / "croissant.json").read_text())
    generator = purchase.version.dataset.generator
    assert told["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert told["prov:wasDerivedFrom"]["@id"] == f"urn:sha256:{generator.source_fingerprint}"
    assert told["prov:wasGeneratedBy"]["prov:used"]["@id"] == f"urn:sha256:{generator.sha256}"
    assert told["digitalSourceType"].endswith("TrainedAlgorithmicMediaDigitalSource")
    assert all(told[f"rai:{name}"] for name in ("dataCollection", "dataLimitations", "dataBiases", "dataUseCases"))


def test_what_was_sold_keeps_its_words(library, tmp_path, alice):
    purchase = library(tmp_path)
    before = (tmp_path / "tar" / "README.md").read_text()
    User.objects.filter(pk=alice.pk).update(name="Somebody else")
    after = {
        file.name: file.text for one in delivery.formats(fresh(purchase)) for file in one.files if one.kind == "tar"
    }
    assert after["README.md"].decode() == before


def test_files_are_the_same_in_every_language(library, tmp_path):
    purchase = library(tmp_path)
    told = [file.sha256 for one in delivery.formats(purchase) for file in one.files]
    with translation.override("ko"):
        assert [file.sha256 for one in delivery.formats(fresh(purchase)) for file in one.files] == told


def test_memory_stays_flat_however_many_images(alice, monkeypatch):
    """Eight times as many images in one file, the same peak."""
    monkeypatch.setattr(formats, "LIMITS", {"tar": (10_000, 10**9), "parquet": (10_000, 10**9)})
    monkeypatch.setattr(parquet, "GROUP_IMAGES", 50)
    drawn = goods.picture
    monkeypatch.setattr(goods, "picture", lambda number: drawn(number) + bytes(10_000))
    # The first one imports what is needed.
    peaks = [peak_of(goods.dataset_of(alice, count)) for count in (50, 100, 800)]
    assert peaks[2] < peaks[1] + 2_000_000


def peak_of(dataset) -> int:
    import tracemalloc

    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    base = pa.total_allocated_bytes()
    tracemalloc.start()
    for kind in formats.MADE:
        formats.ask(dataset, kind)
        formats.make(dataset.pk, kind)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pa.total_allocated_bytes() == base
    return peak


def test_nothing_is_left_open(library, tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    library(tmp_path)
    assert len(os.listdir("/proc/self/fd")) <= before + 3
