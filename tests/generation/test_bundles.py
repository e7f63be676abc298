import hashlib
import io
import json
import zipfile

import pytest
from django.core.files.storage import default_storage

from generation import bundles, gallery
from generation.models import DatasetFile

from .conftest import square


def content(bundle: bundles.Bundle | bundles.TailInfo) -> bytes:
    return b"".join(b"".join(bundles.chunks(segment)) for segment in bundle.segments)


def opened(bundle: bundles.Bundle | bundles.TailInfo) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(content(bundle)))


def first_part(dataset) -> DatasetFile:
    return dataset.files.get(kind="bundle", number=1)


def test_a_bundle_is_a_whole_zip_of_images_and_what_describes_them(alice, dataset_of):
    (bundle,) = bundles.owner_bundles(dataset_of(alice, 10))
    archive = opened(bundle)
    images = [f"images/{n:08d}.png" for n in range(10)]
    assert archive.namelist() == [*images, "manifest.jsonl", "quality.json", "LICENSE.txt", "checksums.sha256"]
    assert archive.testzip() is None
    assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_size_and_hash_are_those_of_the_bytes(alice, dataset_of):
    dataset = dataset_of(alice)
    (bundle,) = bundles.owner_bundles(dataset)
    data = content(bundle)
    assert (bundle.size, bundle.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert dataset.size == len(data)


def test_the_manifest_names_every_image_and_its_hash(alice, dataset_of):
    (bundle,) = bundles.owner_bundles(dataset_of(alice, 10))
    archive = opened(bundle)
    lines = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
    assert [line["slot"] for line in lines] == list(range(64, 74))
    assert set(lines[0]) == {"file", "sha256", "slot", "attempt", "seed", "label", "distance"}
    for line in lines:
        assert hashlib.sha256(archive.read(line["file"])).hexdigest() == line["sha256"]


def test_the_checksums_hold(alice, dataset_of):
    (bundle,) = bundles.owner_bundles(dataset_of(alice))
    archive = opened(bundle)
    for line in archive.read("checksums.sha256").decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(archive.read(name)).hexdigest() == digest


def test_equal_images_make_equal_bytes(alice, dataset_of):
    one, two = dataset_of(alice), dataset_of(alice)
    assert one.content_hash == two.content_hash
    assert first_part(one).prefix == first_part(two).prefix
    heads = [content(bundles.owner_bundles(dataset)[0])[: first_part(one).prefix] for dataset in (one, two)]
    assert heads[0] == heads[1]


def test_large_datasets_come_in_parts(alice, dataset_of, monkeypatch):
    monkeypatch.setattr(bundles, "PART_IMAGES", 4)
    dataset = dataset_of(alice, 10)
    parts = bundles.owner_bundles(dataset)
    assert [part.name[-len("-00001-of-00003.zip") :] for part in parts] == [f"-{n:05d}-of-00003.zip" for n in (1, 2, 3)]
    assert [len([n for n in opened(part).namelist() if n.startswith("images/")]) for part in parts] == [4, 4, 2]
    assert [part.images for part in dataset.files.filter(kind="bundle")] == [4, 4, 2]
    assert opened(parts[2]).namelist() == ["images/00000008.png", "images/00000009.png"]
    assert len(opened(parts[0]).read("manifest.jsonl").splitlines()) == 10


def test_a_part_holds_no_more_bytes_than_it_may(alice, dataset_of, monkeypatch):
    monkeypatch.setattr(bundles, "PART_BYTES", 500)
    assert len(bundles.owner_bundles(dataset_of(alice, 10))) > 2


@pytest.mark.parametrize("part_images", [4, 50_000])
def test_any_image_is_found_by_its_number(alice, dataset_of, monkeypatch, part_images):
    monkeypatch.setattr(bundles, "PART_IMAGES", part_images)
    dataset = dataset_of(alice, 10)
    for index in range(10):
        assert gallery.image_bytes(dataset, index) == square(64 + index)
        assert gallery.entry(dataset, index)["file"] == f"images/{index:08d}.png"


def test_a_tail_makes_a_whole_zip_of_the_images_and_other_words(alice, dataset_of):
    part = first_part(dataset_of(alice, 10))
    before = default_storage.open(part.key).read()
    tail = bundles.write_tail(part, {"README.md": b"# Card", "LICENSE.txt": b"Sold"}, "tails/1")
    archive = opened(tail)
    assert archive.testzip() is None
    assert archive.namelist()[-4:] == ["manifest.jsonl", "quality.json", "LICENSE.txt", "README.md"]
    assert archive.read("LICENSE.txt") == b"Sold"
    assert archive.read("images/00000003.png") == square(67)
    assert "checksums.sha256" not in archive.namelist()
    assert default_storage.open(part.key).read() == before


def test_a_tail_knows_size_and_hash_of_the_whole(alice, dataset_of):
    tail = bundles.write_tail(first_part(dataset_of(alice)), {"README.md": b"# Card"}, "tails/1")
    data = content(tail)
    assert (tail.size, tail.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_tail_past_four_gigabytes_is_written_in_zip64():
    info = bundles.entry("far.png")
    info.header_offset, info.file_size, info.compress_size, info.CRC = 5 * 10**9, 10, 10, 0
    tail = bundles.tail_bytes([info], {"README.md": b"x"}, 5 * 10**9 + 50)
    assert b"PK\x06\x06" in tail  # the zip64 end of central directory
