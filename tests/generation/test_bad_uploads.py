"""Everything that people send by mistake or by malice, by the real way in: the API, then the worker's intake.

Each time the message names the file, and the good image beside it is kept.
"""

import io
import stat
import struct
import zipfile
import zlib

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from generation import archives, source_sets, summaries
from generation.images import ORIENTATION
from generation.intake import run_intake
from generation.models import SourceSet, Upload

from .pictures import drawn, encoded, png, zipped

GOOD = {"good.png": png(1)}


@pytest.fixture
def hats(alice) -> SourceSet:
    return source_sets.create(alice, "Hats", {"owns_rights": True, "no_recognisable_people": True})


@pytest.fixture
def send(api, alice, hats):
    """send(data, name) is the upload after its intake."""

    def sent(data: bytes, name: str = "hats.zip") -> Upload:
        client, here = api(alice), f"/api/v1/source-sets/{hats.public_id}/uploads/"
        upload = client.post(here, {"file_name": name, "size": len(data)}).json()
        size = upload["part_size"]
        for number in range(1, upload["part_count"] + 1):
            part = data[(number - 1) * size : number * size]
            address = f"{here}{upload['id']}/parts/{number}/"
            assert client.put(address, part, content_type="application/octet-stream").status_code == 200
        assert client.post(f"{here}{upload['id']}/complete/").status_code == 202
        row = Upload.objects.get(public_id=upload["id"])
        run_intake(row.pk, lambda: True)
        row.refresh_from_db()
        return row

    return sent


def verdicts(upload: Upload) -> dict[str, str]:
    return {image.file_name: " ".join([image.verdict, *image.reasons]) for image in upload.images.all()}


def huge_png() -> bytes:
    data = bytearray(png())
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def truncated_jpeg() -> bytes:
    return encoded(drawn((300, 300)), "JPEG")[:3000]


def animated(kind: str) -> bytes:
    return encoded(drawn(), kind, save_all=True, append_images=[drawn(seed=9)], duration=100)


def clear() -> bytes:
    image = drawn(mode="RGBA", seed=4)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return encoded(image)


def turned() -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return encoded(drawn(seed=5), "JPEG", exif=exif)


def sixteen_bits() -> bytes:
    return encoded(drawn(mode="L", seed=6).convert("I").point(lambda value: value * 257).convert("I;16"))


FILES = {
    "cut.jpg": (truncated_jpeg(), "rejected damaged"),
    "text.png": (b"hello", "rejected not_an_image"),
    "huge.png": (huge_png(), "rejected too_large"),
    "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "rejected format"),
    "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "rejected format"),
    "empty.png": (b"", "rejected empty"),
    "inner.zip": (zipped({"1.png": png(3)}), "rejected nested"),
    "thin.png": (png(3, (200, 9)), "rejected tiny"),
    "plain.png": (encoded(Image.new("RGB", (40, 40), "teal")), "rejected one_colour"),
    "same.png": (png(1), "rejected duplicate"),
    "moving.gif": (animated("GIF"), "fixed animation"),
    "moving.webp": (animated("WEBP"), "fixed animation"),
    "print.jpg": (encoded(drawn(mode="CMYK", seed=2), "JPEG"), "fixed colours"),
    "deep.png": (sixteen_bits(), "fixed depth"),
    "clear.png": (clear(), "accepted"),
    "turned.jpg": (turned(), "fixed rotated"),
    "palette.png": (encoded(drawn(mode="P", seed=8)), "accepted"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_in_a_zip_gets_its_verdict_by_name_and_the_others_stay(send, name):
    data, verdict = FILES[name]
    upload = send(zipped(GOOD | {name: data}))
    assert (upload.state, verdicts(upload)) == ("done", {"good.png": "accepted", name: verdict})


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("same.png", "empty.png", "inner.zip")])
def test_a_file_sent_alone_gets_the_same_verdict(send, name):
    data, verdict = FILES[name]
    upload = send(data, name)
    assert (upload.state, verdicts(upload)) == ("done", {name: verdict})


def test_a_file_of_no_bytes_is_refused_by_name_before_it_is_sent(api, alice, hats):
    answer = api(alice).post(f"/api/v1/source-sets/{hats.public_id}/uploads/", {"file_name": "hat.png", "size": 0})
    assert (answer.status_code, answer.json()["errors"]["size"]) == (400, ["hat.png is empty (0 bytes)."])


UNSAFE = ["../up.png", "a/../../up.png", "/etc/up.png", "C:\\up.png", "..\\up.png"]


@pytest.mark.parametrize("name", UNSAFE)
def test_a_name_that_leads_out_is_rejected_and_named(send, name):
    found = verdicts(send(zipped(GOOD | {name: png(2)})))
    assert found.pop("good.png") == "accepted"
    assert [(named.split("/")[-1].split("\\")[-1], verdict) for named, verdict in found.items()] == [
        ("up.png", "rejected unsafe_name")
    ]


def test_a_link_is_rejected_and_named(send):
    info = zipfile.ZipInfo("link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("good.png", png(1))
        archive.writestr(info, "/etc/passwd")
    assert verdicts(send(buffer.getvalue())) == {"good.png": "accepted", "link.png": "rejected link"}


def patched(data: bytes, name: str, **changes: int) -> bytes:
    """The archive with fields of one entry of its central directory overwritten."""
    places = {
        "flags": (8, "<H"),
        "method": (10, "<H"),
        "packed": (20, "<L"),
        "unpacked": (24, "<L"),
        "offset": (42, "<L"),
    }
    mutable, start = bytearray(data), data.rindex(name.encode()) - 46
    assert data[start : start + 4] == b"PK\1\2"
    for field, value in changes.items():
        offset, form = places[field]
        struct.pack_into(form, mutable, start + offset, value)
    return bytes(mutable)


LIES = {
    "a password": ({"flags": 1}, "rejected encrypted"),
    "a strange compression": ({"method": 9}, "rejected compression"),
    "a smaller size": ({"unpacked": 10}, "rejected damaged"),
    "another offset": ({"offset": 5}, "rejected damaged"),
    "the place of another entry": ({"offset": 0}, "rejected damaged"),
    "an offset behind the end": ({"offset": 90_000_000}, "rejected damaged"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_entry_that_lies_is_rejected_by_name_and_the_others_stay(send, lie):
    changes, verdict = LIES[lie]
    upload = send(patched(zipped(GOOD | {"bad.png": png(2)}), "bad.png", **changes))
    assert (upload.state, verdicts(upload)) == ("done", {"good.png": "accepted", "bad.png": verdict})


def overlapping() -> bytes:
    """Two entries that claim the same bytes, each as many as there are."""
    data = zipped({"good.png": png(1, (200, 200)), "more.png": png(1, (200, 200))})
    return patched(data, "more.png", offset=0, packed=len(data))


def bomb() -> bytes:
    return zipped({"bomb.png": b"\0" * 3_000_000}, compression=zipfile.ZIP_DEFLATED)


ARCHIVES = {
    "empty": (zipped({}), "holds no image"),
    "no image": (zipped({"notes.txt": b"hello"}), "holds no image"),
    "only an archive": (zipped({"inner.zip": zipped(GOOD)}), "holds no image"),
    "cut short": (zipped(GOOD)[:-40], "damaged or incomplete"),
    "cut in the directory": (zipped(GOOD | {"2.png": png(2)})[:-90], "damaged or incomplete"),
    "overlapping": (overlapping(), "bomb"),
    "a bomb by ratio": (bomb(), "bomb"),
    "too much in all": (zipped({"1.png": b"x" * 3_000_000, "2.png": b"x" * 3_000_000}), "unpacks to more"),
    "too many files": (zipped({f"{number}.png": b"" for number in range(30)}), "more than 20 files"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_of_no_use_fails_by_name_and_what_was_there_stays(send, hats, monkeypatch, name):
    send(png(1), "good.png")
    for limit, value in {"MAX_ENTRIES": 20, "SMALL": 1_000_000, "MAX_UNPACKED": 5_000_000}.items():
        monkeypatch.setattr(archives, limit, value)
    data, words = ARCHIVES[name]
    upload = send(data, "summer hats.zip")
    assert (upload.state, words in upload.reason) == ("failed", True), upload.reason
    assert "summer hats.zip" in upload.reason
    assert hats.images.get().file_name == "good.png"


def test_all_images_the_same_leaves_one_and_says_so(send, hats):
    send(zipped({f"{number}.png": png(1) for number in range(60)}))
    found = summaries.summary(hats)
    assert (found.usable, found.duplicates, found.enough) == (1, 59, False)
    assert "Add 49 more" in found.advice


def test_fewer_than_can_be_trained_on_is_told_with_the_number(send, hats, api, alice):
    send(zipped({f"{number}.png": png(number) for number in range(49)}))
    body = api(alice).get(f"/api/v1/source-sets/{hats.public_id}/").json()
    assert (body["enough"], "at least 50. Add 1 more" in body["advice"]) == (False, True)


def test_leftovers_of_other_systems_are_not_mentioned(send):
    others = {
        "__MACOSX/._good.png": b"x",
        "._good.png": b"x",
        "Thumbs.db": b"x",
        ".DS_Store": b"x",
        "desktop.ini": b"x",
    }
    assert verdicts(send(zipped(GOOD | others))) == {"good.png": "accepted"}


@pytest.mark.parametrize("flags", [0, 0x800])
def test_korean_names_are_read_as_windows_and_others_write_them(send, flags):
    encoding = "utf-8" if flags else "cp949"
    label, name = "모자".encode(encoding), "여름.png".encode(encoding)
    data = zipped({"x" * len(label) + "/" + "y" * len(name): png(1), "cap/2.png": png(2)})
    data = data.replace(b"x" * len(label) + b"/" + b"y" * len(name), label + b"/" + name)
    data = data if not flags else flagged(data, label)
    found = {image.file_name: image.label for image in send(data).images.all()}
    assert found == {"모자/여름.png": "모자", "cap/2.png": "cap"}


def flagged(data: bytes, name: bytes) -> bytes:
    """Says in both headers that the name is in UTF-8."""
    mutable = bytearray(data)
    struct.pack_into("<H", mutable, data.index(name) - 30 + 6, 0x800)
    struct.pack_into("<H", mutable, data.rindex(name) - 46 + 8, 0x800)
    return bytes(mutable)


def put(client, address: str, data: bytes):
    return client.put(address, data, content_type="application/octet-stream")


@pytest.fixture
def begun(api, alice, hats, settings):
    settings.UPLOAD_PART_BYTES = 10
    here = f"/api/v1/source-sets/{hats.public_id}/uploads/"
    upload = api(alice).post(here, {"file_name": "hat.png", "size": 25}).json()
    return f"{here}{upload['id']}/"


@pytest.mark.parametrize(("number", "length"), [(1, 9), (1, 11), (3, 10), (1, 0), (0, 10), (4, 5), (10**9, 10)])
def test_a_part_of_the_wrong_length_or_number_changes_nothing(api, alice, begun, number, length):
    client = api(alice)
    put(client, f"{begun}parts/1/", b"a" * 10)
    assert put(client, f"{begun}parts/{number}/", b"x" * length).status_code == 400
    assert client.get(begun).json()["parts"] == [1]
    upload = Upload.objects.get()
    assert first_part(upload) == b"a" * 10


def first_part(upload: Upload) -> bytes:
    with default_storage.open(upload.part_key(1)) as file:
        return file.read()


def test_completing_with_a_gap_names_the_parts_and_completing_twice_is_one(api, alice, begun):
    client = api(alice)
    put(client, f"{begun}parts/2/", b"b" * 10)
    assert "1, 3" in client.post(f"{begun}complete/").json()["detail"]
    put(client, f"{begun}parts/1/", b"a" * 10)
    put(client, f"{begun}parts/3/", b"c" * 5)
    answers = [client.post(f"{begun}complete/") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert Upload.objects.get().task.kind == "intake"


def test_a_set_that_is_gone_takes_nothing(api, alice, hats, begun):
    source_sets.delete(hats)
    client = api(alice)
    assert put(client, f"{begun}parts/1/", b"a" * 10).status_code == 404
    assert client.post(f"{begun}complete/").status_code == 404
    assert client.post(begun.rsplit("/", 2)[0] + "/", {"file_name": "a.png", "size": 5}).status_code == 404


def test_a_stranger_neither_sees_nor_drops_an_upload(api, charlie, begun):
    stranger = api(charlie)
    assert put(stranger, f"{begun}parts/1/", b"a" * 10).status_code == 404
    assert stranger.delete(begun).status_code == 404
    assert stranger.get(begun.rsplit("/", 2)[0] + "/").status_code == 404
    assert Upload.objects.get().parts == []
