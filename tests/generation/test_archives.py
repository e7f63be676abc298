import io
import stat
import struct
import zipfile

import pytest

from generation import archives
from generation.labels import labels_of
from generation.refusals import UploadRefused

from .pictures import png, zipped


def contents(data: bytes) -> archives.Contents:
    return archives.contents(io.BytesIO(data), "hats.zip")


def refusals(data: bytes) -> dict[str, str]:
    return {entry.name: entry.refusal for entry in contents(data).entries}


def patched(data: bytes, **changes: int) -> bytes:
    """The archive with fields of its first central directory entry overwritten."""
    places = {"flags": (8, "<H"), "method": (10, "<H"), "packed": (20, "<L"), "unpacked": (24, "<L")}
    start = data.index(b"PK\1\2")
    mutable = bytearray(data)
    for name, value in changes.items():
        offset, form = places[name]
        struct.pack_into(form, mutable, start + offset, value)
    return bytes(mutable)


@pytest.mark.parametrize("name", ["../1.png", "a/../../1.png", "/etc/1.png", "C:\\1.png", "..\\1.png", "C:/1.png"])
def test_a_name_that_leads_out_is_refused_by_name(name):
    found = refusals(zipped({"good.png": png(), name: png(1)}))
    assert sorted(found.values()) == ["", "unsafe_name"]


def test_an_encrypted_file_is_refused_by_name():
    assert refusals(patched(zipped({"secret.png": png()}), flags=1)) == {"secret.png": "encrypted"}


def test_a_link_is_refused():
    info = zipfile.ZipInfo("link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert refusals(buffer.getvalue()) == {"link.png": "link"}


def test_an_unusual_compression_is_refused():
    assert refusals(patched(zipped({"1.png": png()}), method=9)) == {"1.png": "compression"}


def test_a_file_over_its_limit_is_refused(monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILE", 100)
    assert refusals(zipped({"1.png": b"x" * 101, "2.png": b"x" * 100})) == {"1.png": "too_many_bytes", "2.png": ""}


def test_too_many_files_are_refused(monkeypatch):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    contents(zipped({f"{n}.png": b"" for n in range(3)}))
    with pytest.raises(UploadRefused, match="more than 3 files"):
        contents(zipped({f"{n}.png": b"" for n in range(4)}))


def test_a_long_directory_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(archives, "DIRECTORY_BYTES", 1000)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(UploadRefused, match=r"hats\.zip has more than"):
        archives.opened(io.BytesIO(DIRECTORY_OF_100), "hats.zip")


DIRECTORY_OF_100 = zipped({f"{n}.png": b"" for n in range(100)})


def test_the_long_form_of_the_directory_is_understood(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    data = zipped({"1.png": png(), "2.png": png(1)})
    assert b"PK\6\6" in data
    assert archives.directory_size(io.BytesIO(data)) > 0
    assert len(contents(data).entries) == 2


def test_a_bomb_is_refused_by_its_ratio(monkeypatch):
    monkeypatch.setattr(archives, "SMALL", 1_000_000)
    with pytest.raises(UploadRefused, match="bomb"):
        contents(zipped({"1.png": b"\0" * 2_000_000}, compression=zipfile.ZIP_DEFLATED))


def test_a_bomb_is_refused_by_its_size(monkeypatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED", 1000)
    with pytest.raises(UploadRefused, match=r"hats\.zip unpacks to more"):
        contents(zipped({"1.png": b"x" * 600, "2.png": b"x" * 600}))


def test_entries_that_claim_more_than_the_archive_has_are_refused():
    with pytest.raises(UploadRefused, match="bomb"):
        contents(patched(zipped({"1.png": png()}), packed=10_000_000))


def test_an_entry_that_lies_about_its_size_is_not_read_further():
    found = contents(patched(zipped({"1.png": b"x" * 1000}), unpacked=10))
    with pytest.raises(zipfile.BadZipFile):
        found.read(found.entries[0])


def test_names_of_korean_windows_are_read():
    data = bytearray(zipped({"abcd.png": png()}))
    for start in (data.index(b"abcd"), data.rindex(b"abcd")):
        data[start : start + 4] = "모자".encode("cp949")
    assert [entry.name for entry in contents(bytes(data)).entries] == ["모자.png"]


LABELS = {
    "flat": (["1.png", "2.png"], {}),
    "one wrapping folder": (["hats/1.png", "hats/2.png"], {}),
    "one class only": (["1.png", "cap/2.png"], {}),
    "classes": (["cap/1.png", "beret/2.png"], {"cap/1.png": "cap", "beret/2.png": "beret"}),
    "wrapped classes": (["hats/cap/1.png", "hats/beret/2.png"], {"hats/cap/1.png": "cap", "hats/beret/2.png": "beret"}),
    "loose images beside classes": (
        ["hats/0.png", "hats/cap/1.png", "hats/beret/2.png"],
        {"hats/0.png": "", "hats/cap/1.png": "cap", "hats/beret/2.png": "beret"},
    ),
    "the same class in two places": (["train/cap/1.png", "test/cap/1.png"], {}),
    "folders without images": (["cap/1.png", "notes/readme.txt"], {}),
}


@pytest.mark.parametrize("name", LABELS)
def test_class_folders_become_labels(name):
    names, labels = LABELS[name]
    assert labels_of(names) == labels
