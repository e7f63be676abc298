"""Tar shards and Parquet: made once, by whichever worker, the same bytes each time."""

import hashlib
import io
import json
import tarfile
import uuid
from datetime import timedelta
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from generation import bundles, contents, formats, gallery, manifests, room, webdataset
from generation.formats import State
from generation.models import Dataset, DatasetFile

KINDS = ("tar", "parquet")


@pytest.fixture
def queue(monkeypatch):
    """What RQ was told, without a server: tickets by their id."""
    tickets = {}

    def enqueue_call(name, args, job_id, **_kept):
        tickets[job_id] = SimpleNamespace(
            get_status=lambda: "queued", last_heartbeat=None, ended_at=None, call=(name, *args)
        )

    there = SimpleNamespace(fetch_job=tickets.get, enqueue_call=enqueue_call)
    monkeypatch.setattr(formats.tickets, "queue_of", lambda name: there)
    return tickets


def made(dataset: Dataset, kind: str) -> list[bytes]:
    formats.ask(dataset, kind)
    formats.make(dataset.pk, kind)
    return [default_storage.open(row.key).read() for row in rows(dataset, kind)]


def rows(dataset: Dataset, kind: str) -> list[DatasetFile]:
    return list(dataset.files.filter(kind=kind).order_by("number"))


def state(dataset: Dataset, kind: str) -> State:
    return next(one.state for one in formats.formats(Dataset.objects.get(pk=dataset.pk)) if one.kind == kind)


@pytest.fixture
def small_files(monkeypatch):
    monkeypatch.setattr(formats, "LIMITS", {"tar": (4, 10**9), "parquet": (4, 10**9)})


@pytest.mark.parametrize("kind", KINDS)
def test_asked_for_made_and_there(alice, dataset_of, queue, kind, django_capture_on_commit_callbacks):
    dataset = dataset_of(alice)
    assert state(dataset, kind) == State.ABSENT
    with django_capture_on_commit_callbacks(execute=True):
        formats.ask(dataset, kind)
    assert state(dataset, kind) == State.MAKING
    assert [one.call for one in queue.values()] == [("generation.formats.make", dataset.pk, kind)]
    formats.make(dataset.pk, kind)
    assert state(dataset, kind) == State.READY


def test_a_tar_holds_every_image_as_it_is_and_its_line(alice, dataset_of, queue):
    dataset = dataset_of(alice)
    (tar,) = made(dataset, "tar")
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        names = archive.getnames()
        images = [archive.extractfile(name).read() for name in names if name.endswith(".png")]
        assert {(one.mtime, one.uid, one.uname, one.mode) for one in archive} == {(0, 0, "", 0o644)}
    assert names == [f"images/{number:08d}.{suffix}" for number in range(10) for suffix in ("png", "json")]
    assert images == [gallery.image_bytes(dataset, number) for number in range(10)]
    assert len(tar) % tarfile.RECORDSIZE == 0


def test_a_tar_takes_names_of_any_script_and_length():
    label = "긴 이름 " * 20
    entry = {"file": manifests.file_name(1, label), "label": label, "slot": 1}
    file = io.BytesIO()
    webdataset.write(file, [(entry, b"png")], ["other", label])
    with tarfile.open(fileobj=io.BytesIO(file.getvalue())) as archive:
        assert archive.extractfile(entry["file"]).read() == b"png"
        assert archive.extractfile(entry["file"].replace(".png", ".cls")).read() == b"1"
        assert json.loads(archive.extractfile(entry["file"].replace(".png", ".json")).read()) == entry


def test_a_parquet_file_holds_every_image_as_it_is(alice, dataset_of, queue):
    dataset = dataset_of(alice)
    (data,) = made(dataset, "parquet")
    table = pq.read_table(io.BytesIO(data))
    images = [image["bytes"] for image in table["image"].to_pylist()]
    assert images == [gallery.image_bytes(dataset, number) for number in range(10)]
    assert table["sha256"].to_pylist() == [hashlib.sha256(image).hexdigest() for image in images]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_images_make_the_same_bytes(alice, dataset_of, queue, kind, small_files):
    dataset = dataset_of(alice)
    first = made(dataset, kind)
    dataset.files.filter(kind=kind).delete()
    assert made(dataset, kind) == first
    assert [len(first), *(row.images for row in rows(dataset, kind))] == [3, 4, 4, 2]
    assert [row.name.partition("-of-")[2] for row in rows(dataset, kind)] == [f"00003.{kind}"] * 3
    assert all(
        row.sha256 == hashlib.sha256(data).hexdigest() for row, data in zip(rows(dataset, kind), first, strict=True)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_goes_on_with_the_file_that_is_missing(alice, dataset_of, queue, kind, small_files, monkeypatch):
    dataset, save = dataset_of(alice), default_storage.save
    kept = []

    def breaks(key, content):
        if len(kept) == 1:
            raise OSError("the disk is full")
        kept.append(save(key, content))
        return kept[-1]

    formats.ask(dataset, kind)
    with monkeypatch.context() as patched:
        patched.setattr(type(default_storage._wrapped), "save", lambda self, key, content: breaks(key, content))
        with pytest.raises(OSError, match="full"):
            formats.make(dataset.pk, kind)
    assert state(dataset, kind) == State.MAKING
    formats.make(dataset.pk, kind)
    assert state(dataset, kind) == State.READY
    assert rows(dataset, kind)[0].key == kept[0]


def test_two_workers_at_once_leave_one_set_of_files(alice, dataset_of, queue, monkeypatch):
    dataset = dataset_of(alice)
    formats.ask(dataset, "tar")
    write = webdataset.write

    def overtaken(*args):
        write(*args)
        monkeypatch.setattr(webdataset, "write", write)
        formats.make(dataset.pk, "tar")

    monkeypatch.setattr(webdataset, "write", overtaken)
    formats.make(dataset.pk, "tar")
    stored = [name for name in default_storage.listdir(f"datasets/{dataset.public_id}")[1] if name.startswith("tar-")]
    assert [f"datasets/{dataset.public_id}/{name}" for name in stored] == [row.key for row in rows(dataset, "tar")]


def test_it_is_made_once(alice, dataset_of, queue, monkeypatch):
    dataset = dataset_of(alice)
    first = made(dataset, "tar")
    monkeypatch.setattr(formats, "make_file", lambda *_: pytest.fail("made again"))
    assert made(dataset, "tar") == first


def test_lost_work_is_found_and_asked_for_again(alice, dataset_of, queue):
    dataset = dataset_of(alice)
    formats.ask(dataset, "tar")
    ticket = formats.ticket(dataset.pk, "tar")
    assert formats.resume() == 1  # no ticket at all
    assert formats.resume() == 0  # one waits
    long_ago = timezone.now() - timedelta(minutes=2)
    queue[ticket] = SimpleNamespace(get_status=lambda: "started", last_heartbeat=timezone.now())
    assert formats.resume() == 0  # a worker is at it
    queue[ticket] = SimpleNamespace(get_status=lambda: "started", last_heartbeat=long_ago)
    assert formats.resume() == 1  # it was killed
    queue[ticket] = SimpleNamespace(get_status=lambda: "failed", ended_at=long_ago)
    assert formats.resume() == 1
    formats.make(dataset.pk, "tar")
    queue.clear()
    assert formats.resume() == 0  # all is there


def test_without_room_nothing_is_begun(alice, dataset_of, queue, monkeypatch):
    dataset = dataset_of(alice)
    monkeypatch.setattr(room, "free", lambda: 1)
    with pytest.raises(formats.NoRoom, match="no room"):
        formats.ask(dataset, "parquet")
    assert state(dataset, "parquet") == State.ABSENT


def test_what_is_no_format_is_refused(alice, dataset_of, queue):
    with pytest.raises(ValueError, match="report"):
        formats.ask(dataset_of(alice), "report")


def test_a_dataset_that_was_deleted_meanwhile_is_left_alone(db):
    formats.make(10**6, "tar")


def test_deleting_the_dataset_takes_its_files_along(alice, dataset_of, queue, browser_of, settings):
    from generation import removal

    dataset = dataset_of(alice)
    made(dataset, "tar")
    folder = f"datasets/{dataset.public_id}"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("django.db.transaction.on_commit", lambda call, **_: call())
        assert removal.delete(dataset) > 0
    assert not default_storage.exists(folder)


def test_images_are_read_page_by_page(alice, dataset_of, monkeypatch, django_assert_max_num_queries):
    dataset = dataset_of(alice)
    monkeypatch.setattr(contents, "PAGE", 3)
    with django_assert_max_num_queries(4 * 4 + 1):
        found = list(contents.images(dataset, 2, 7))
    assert [entry["slot"] for entry, _png in found] == list(range(66, 73))
    assert [png for _entry, png in found] == [gallery.image_bytes(dataset, number) for number in range(2, 9)]


@pytest.fixture
def page(browser_of, dataset_of, alice, queue):
    """The dataset, a browser of Alice's, and where its formats are."""
    dataset = dataset_of(alice)
    return dataset, browser_of(alice), f"/studio/datasets/{dataset.public_id}/formats/"


def test_the_page_asks_waits_and_tells(page):
    dataset, browser, address = page
    assert browser.post(address, {"kind": "tar"}).status_code == 302
    whole = browser.get(f"/studio/datasets/{dataset.public_id}/").content.decode()
    assert 'hx-trigger="every 2s"' in whole
    formats.make(dataset.pk, "tar")
    part = browser.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" not in part
    assert f"{address}tar/LICENSE.txt" in part


def test_every_file_of_a_ready_format_is_what_its_hash_says(page, api, alice):
    dataset, browser, address = page
    made(dataset, "tar")
    made(dataset, "parquet")
    for one in api(alice).get(f"/api/v1/datasets/{dataset.public_id}/files/").json():
        assert one["state"] == "ready"
        for file in one["files"]:
            data = body(browser.get(f"{address}{one['format']}/{file['name']}"))
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (file["sha256"], file["size"])
            assert body(api(alice).get(file["url"].partition("8000")[2] or file["url"])) == data


def body(response) -> bytes:
    assert response.status_code == 200
    return b"".join(response)


def test_a_stranger_and_wrong_words_find_nothing(page, browser_of, charlie, mod):
    _dataset, browser, address = page
    assert browser_of(charlie).get(address).status_code == 404
    assert browser_of(charlie).post(address, {"kind": "tar"}).status_code == 404
    assert browser_of(mod).post(address, {"kind": "tar"}).status_code == 404
    assert browser.post(address, {"kind": "report"}).status_code == 404
    assert browser.put(address).status_code == 405
    assert browser.get(f"{address}tar/nothing.tar").status_code == 404
    assert browser.get(f"{address}bundle/LICENSE.txt").status_code == 404


def test_the_api_makes_a_format_and_tells_how_far_it_is(page, api, alice, bob):
    dataset, _browser, _address = page
    address = f"/api/v1/datasets/{dataset.public_id}/files/"
    assert api(bob).get(address).status_code == 404
    assert api(alice).post(address, {"format": "gif"}).status_code == 400
    answer = api(alice).post(address, {"format": "parquet"})
    assert (answer.status_code, answer.json()[2]["state"]) == (202, "making")
    formats.make(dataset.pk, "parquet")
    assert [one["state"] for one in api(alice).get(address).json()] == ["ready", "absent", "ready"]


def test_without_room_both_say_so(page, api, alice, monkeypatch):
    dataset, browser, address = page
    monkeypatch.setattr(room, "free", lambda: 1)
    shown = browser.post(address, {"kind": "tar"}, headers={"HX-Request": "true"}, follow=True).content.decode()
    assert "There is no room to make these files" in shown
    answer = api(alice).post(f"/api/v1/datasets/{dataset.public_id}/files/", {"format": "tar"})
    assert (answer.status_code, answer.json()["code"]) == (507, "no_room")


@pytest.mark.parametrize(
    ("name", "stem"),
    [("모자 사진", "모자-사진"), ("Hats & caps!", "hats-caps"), ("★", "dataset"), ("가" * 120, "가" * 60)],
)
def test_files_are_named_in_any_script(name, stem):
    public_id = uuid.UUID("12345678123456781234567812345678")
    assert bundles.stem(name, public_id) == f"{stem}-12345678"
    assert len(bundles.part_name(bundles.stem(name, public_id), 1, 20, "parquet").encode()) <= 255
