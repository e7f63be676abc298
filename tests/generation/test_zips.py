import io
import subprocess
import zipfile
import zlib

import pytest

from generation import bundles, manifests
from generation.zips import StoredZip


def written(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    archive = StoredZip(file)
    for name, content in entries.items():
        archive.add(name, content)
    archive.end()
    return file.getvalue()


def test_the_standard_library_writes_the_same_zip():
    entries = {"images/0.png": b"abc", "images/새/1.png": b"", "LICENSE.txt": b"x" * 70_000}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(bundles.entry(name), content)
    assert written(entries) == file.getvalue()


def test_unzip_finds_nothing_wrong(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(written({f"images/{n}.png": bytes([n % 256]) * n for n in range(300)}))
    assert zipfile.ZipFile(path).testzip() is None
    done = subprocess.run(["python3", "-m", "zipfile", "-t", str(path)], capture_output=True, text=True)
    assert (done.returncode, "Done testing" in done.stdout) == (0, True)


def test_an_entry_begins_where_it_is_said_to():
    file = io.BytesIO(b"")
    archive = StoredZip(file)
    offsets = [archive.add(f"{n}.png", content) for n, content in enumerate((b"first", b"second"))]
    archive.copy("large.bin", io.BytesIO(b"third"))
    assert [file.getvalue()[at : at + 5] for at in offsets] == [b"first", b"secon"]
    archive.end()
    assert zipfile.ZipFile(file).read("large.bin") == b"third"


def test_a_checksum_that_is_known_is_taken():
    file = io.BytesIO()
    archive = StoredZip(file)
    archive.add("right.png", b"abc", zlib.crc32(b"abc"))
    archive.add("wrong.png", b"abc", 1)
    archive.end()
    assert zipfile.ZipFile(file).testzip() == "wrong.png"


def test_an_entry_beyond_four_gigabytes_can_be_read(tmp_path):
    with (tmp_path / "far.zip").open("wb+") as file:
        file.seek(5 * 10**9)
        archive = StoredZip(file)
        archive.size = file.tell()
        archive.add("far.png", b"far away")
        archive.end()
        assert zipfile.ZipFile(file).read("far.png") == b"far away"


def test_seventy_thousand_entries_can_be_read():
    archive = zipfile.ZipFile(io.BytesIO(written({f"{n}.png": b"x" for n in range(70_000)})))
    assert len(archive.infolist()) == 70_000
    assert archive.read("69999.png") == b"x"


@pytest.mark.parametrize(
    ("label", "folder"),
    [
        ("shirts", "shirts"), ("긴 소매", "긴 소매"), ("", "unlabelled"), ("..", "unlabelled"), ("a/b\\c", "a_b_c"),
        (".hidden", "hidden"), ("dots...", "dots"), ("CON", "_CON"), ("nul.txt", "_nul.txt"), ("a\x00b\n", "a_b_"),
        ("x" * 300, "x" * 100),
    ],
)  # fmt: skip
def test_a_label_becomes_a_folder_on_any_system(label, folder):
    assert manifests.folder_name(label) == folder
    assert manifests.file_name(7, label) == f"images/{folder}/00000007.png"
