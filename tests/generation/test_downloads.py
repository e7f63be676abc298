import hashlib
import os
import random
from base64 import b64encode
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import RequestFactory

from generation import downloads
from generation.bundles import Bundle, Segment

DATA = random.Random(1).randbytes(1000)
SHA256 = hashlib.sha256(DATA).hexdigest()
MADE_AT = datetime(2026, 11, 21, 12, 30, 59, 999_000, tzinfo=UTC)
MADE = "Sat, 21 Nov 2026 12:30:59 GMT"


@pytest.fixture
def bundle() -> Bundle:
    """1,000 bytes in three pieces of two stored files."""
    default_storage.save("part.zip", ContentFile(b"##" + DATA[:600] + b"an older tail"))
    default_storage.save("tail", ContentFile(DATA[600:]))
    return Bundle(
        "모자-77.zip",
        1000,
        SHA256,
        [Segment("part.zip", 2, 250), Segment("part.zip", 252, 350), Segment("tail", 0, 400)],
        MADE_AT,
    )


async def ask(bundle: Bundle, method: str = "get", **headers: str):
    request = getattr(RequestFactory(), method)("/", headers=headers)
    response = downloads.bundle_response(request, bundle)
    body = b"".join([chunk async for chunk in response]) if response.streaming else response.content
    return response, body


async def test_the_whole_bundle(bundle):
    response, body = await ask(bundle)
    assert (response.status_code, body) == (200, DATA)
    assert response["Content-Length"] == "1000"
    assert response["Content-Type"] == "application/zip"
    assert response["ETag"] == f'"{SHA256}"'
    assert response["Accept-Ranges"] == "bytes"
    assert response["Last-Modified"] == MADE


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("hats-77.zip", 'attachment; filename="hats-77.zip"'),
        ("모자-77.zip", "attachment; filename=\"77.zip\"; filename*=utf-8''%EB%AA%A8%EC%9E%90-77.zip"),
        ("모자.zip", "attachment; filename=\"download.zip\"; filename*=utf-8''%EB%AA%A8%EC%9E%90.zip"),
        ('a"모.zip', "attachment; filename=\"a.zip\"; filename*=utf-8''a%22%EB%AA%A8.zip"),
    ],
)
def test_every_program_gets_a_name_it_can_use(name, header):
    assert downloads.disposition(name) == header


PARTS = {
    "bytes=0-0": (0, 1),
    "Bytes=0-1": (0, 2),
    "bytes=0-99": (0, 100),
    "bytes=240-260": (240, 261),
    "bytes=590-610": (590, 611),
    "bytes=999-": (999, 1000),
    "bytes=500-": (500, 1000),
    "bytes=500-5000": (500, 1000),
    "bytes=-1": (999, 1000),
    "bytes=-500": (500, 1000),
    "bytes=-5000": (0, 1000),
}


@pytest.mark.parametrize("header", PARTS)
async def test_one_range(bundle, header):
    start, end = PARTS[header]
    response, body = await ask(bundle, range=header)
    assert (response.status_code, body) == (206, DATA[start:end])
    assert response["Content-Range"] == f"bytes {start}-{end - 1}/1000"
    assert response["Content-Length"] == str(end - start)


@pytest.mark.parametrize(
    "header",
    [
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=9-3",
        "bytes=0-1,x",
        "bytes=0-1,9-3",
        "bytes=0-1;5-6",
        "bytes=,",
        "items=0-1",
        "bytes=٣-",
        "bytes=1 0-20",
        f"bytes={'9' * 5000}-",
    ],
)
async def test_what_is_no_range_gets_the_whole(bundle, header):
    response, body = await ask(bundle, range=header)
    assert (response.status_code, body) == (200, DATA)
    assert "Content-Range" not in response


SEVERAL = {
    "bytes=0-9,20-29": [(0, 10), (20, 30)],
    "bytes=20-29, 0-9": [(20, 30), (0, 10)],
    "bytes=,0-9 ,\t-10,": [(0, 10), (990, 1000)],
    "bytes=240-260,590-610,2000-": [(240, 261), (590, 611)],
    "bytes=500-599,0-9,5-19": [(0, 20), (500, 600)],
}


@pytest.mark.parametrize("header", SEVERAL)
async def test_several_ranges(bundle, header):
    response, body = await ask(bundle, range=header)
    assert response.status_code == 206
    assert int(response["Content-Length"]) == len(body)
    assert "Content-Range" not in response
    told = message_from_bytes(f"Content-Type: {response['Content-Type']}\r\n\r\n".encode() + body, policy=HTTP)
    parts = [(part["Content-Range"], part["Content-Type"], part.get_payload(decode=True)) for part in told.iter_parts()]
    assert parts == [
        (f"bytes {start}-{end - 1}/1000", "application/zip", DATA[start:end]) for start, end in SEVERAL[header]
    ]


async def test_ranges_that_make_one_are_answered_as_one(bundle):
    response, body = await ask(bundle, range="bytes=0-99,100-199,150-299")
    assert (response.status_code, body, response["Content-Range"]) == (206, DATA[:300], "bytes 0-299/1000")


async def test_a_swarm_of_ranges_gets_the_whole(bundle):
    """RFC 9110, 17.15: many small ranges are an attack, not a reader."""
    response, body = await ask(bundle, range="bytes=" + ",".join(f"{at}-{at}" for at in range(0, 100, 2)))
    assert (response.status_code, body) == (200, DATA)


async def test_several_ranges_of_another_bundle_get_the_whole(bundle):
    response, body = await ask(bundle, range="bytes=0-9,20-29", if_range='"else"')
    assert (response.status_code, body, response["Content-Type"]) == (200, DATA, "application/zip")


async def test_whoever_gets_a_part_knows_the_hash_of_the_whole(bundle):
    """RFC 9530."""
    for headers in ({}, {"range": "bytes=-1"}, {"range": "bytes=0-1,5-6"}):
        response, _body = await ask(bundle, **headers)
        assert response["Repr-Digest"] == f"sha-256=:{b64encode(bytes.fromhex(SHA256)).decode()}:"


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=-0,1000-"])
async def test_a_range_past_the_end(bundle, header):
    response, body = await ask(bundle, range=header)
    assert (response.status_code, body) == (416, b"")
    assert response["Content-Range"] == "bytes */1000"


async def test_a_range_of_another_bundle_gets_the_whole(bundle):
    same, _body = await ask(bundle, range="bytes=5-", if_range=f'"{SHA256}"')
    other, body = await ask(bundle, range="bytes=5-", if_range='"else"')
    weak, _body = await ask(bundle, range="bytes=5-", if_range=f'W/"{SHA256}"')
    assert [same.status_code, other.status_code, weak.status_code] == [206, 200, 200]
    assert body == DATA


async def test_if_range_takes_the_very_date_too(bundle):
    same, _body = await ask(bundle, range="bytes=5-", if_range=MADE)
    other, _body = await ask(bundle, range="bytes=5-", if_range=MADE.replace(":59", ":58"))
    nonsense, _body = await ask(bundle, range="bytes=5-", if_range="yesterday")
    assert [same.status_code, other.status_code, nonsense.status_code] == [206, 200, 200]


async def test_who_has_it_already_is_told_so(bundle):
    for headers in (
        {"if_none_match": f'"{SHA256}"'},
        {"if_none_match": f'"else", W/"{SHA256}"'},
        {"if_none_match": "*"},
        {"if_modified_since": MADE},
    ):
        response, body = await ask(bundle, range="bytes=5-", **headers)
        assert (response.status_code, body, response["ETag"]) == (304, b"", f'"{SHA256}"')


async def test_who_wants_another_file_gets_none(bundle):
    response, body = await ask(bundle, range="bytes=5-", if_match='"else"')
    assert (response.status_code, body) == (412, b"")
    response, body = await ask(bundle, range="bytes=995-", if_match=f'"{SHA256}"')
    assert (response.status_code, body) == (206, DATA[995:])


async def test_conditions_go_in_their_order(bundle):
    """RFC 9110, 13.2.2: If-Match before If-None-Match, and both before a range."""
    met = {"if_match": f'"{SHA256}"', "if_unmodified_since": "Sat, 21 Nov 2020 12:30:59 GMT"}
    assert (await ask(bundle, **met))[0].status_code == 200
    assert (await ask(bundle, if_unmodified_since="Sat, 21 Nov 2020 12:30:59 GMT"))[0].status_code == 412
    assert (await ask(bundle, if_match=f'W/"{SHA256}"'))[0].status_code == 412
    both = {"if_match": '"else"', "if_none_match": f'"{SHA256}"', "range": "bytes=2000-"}
    assert (await ask(bundle, **both))[0].status_code == 412
    newer = {"if_none_match": '"else"', "if_modified_since": MADE}
    assert (await ask(bundle, **newer))[0].status_code == 200


async def test_head_opens_nothing(bundle):
    default_storage.delete("part.zip")
    whole, body = await ask(bundle, "head")
    part, _body = await ask(bundle, "head", range="bytes=10-19")
    assert (whole.status_code, whole["Content-Length"], body) == (200, "1000", b"")
    # RFC 9110, 14.2: a range has a meaning for GET alone.
    assert (part.status_code, part["Content-Length"]) == (200, "1000")


async def test_a_bundle_without_its_files_says_so_and_is_no_zip(bundle, caplog):
    default_storage.delete("tail")
    response, body = await ask(bundle)
    assert (response.status_code, response["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert "모자-77.zip" in body.decode()
    assert "lacks its stored files: tail" in caplog.text
    assert (await ask(bundle, range="bytes=0-9"))[1] == DATA[:10]


async def test_a_file_that_became_shorter_breaks_off_instead_of_pretending(bundle):
    default_storage.save("tail", ContentFile(DATA[600:900]))
    with pytest.raises(EOFError, match="tail ends 100 bytes early"):
        await ask(bundle)


async def test_bytes_from_memory_are_answered_alike():
    def ask(**headers: str):
        return downloads.bytes_response(RequestFactory().get("/", headers=headers), "sample.zip", DATA, MADE_AT)

    assert (ask().status_code, ask().content) == (200, DATA)
    part = ask(range="bytes=-7", if_range=f'"{SHA256}"')
    assert (part.status_code, part.content, part["Content-Range"]) == (206, DATA[-7:], "bytes 993-999/1000")
    several = ask(range="bytes=0-1,5-6")
    assert (several.status_code, DATA[:2] in several.content, DATA[5:7] in several.content) == (206, True, True)


def test_each_kind_of_file_says_what_it_is():
    def kind(name: str) -> str:
        return downloads.bytes_response(RequestFactory().get("/"), name, DATA, MADE_AT)["Content-Type"]

    assert kind("a.tar") == "application/x-tar"
    assert kind("a.parquet") == "application/vnd.apache.parquet"
    assert kind("LICENSE.txt") == "text/plain; charset=utf-8"
    assert kind("a.exe") == "application/octet-stream"


async def test_a_download_cut_anywhere_is_resumed_to_the_same_bytes(bundle):
    dice, got = random.Random(2), b""
    while len(got) < 1000:
        _response, body = await ask(bundle, range=f"bytes={len(got)}-", if_range=f'"{SHA256}"')
        got += body[: dice.randint(1, 200)]
    assert hashlib.sha256(got).hexdigest() == SHA256


async def test_chunks_are_bounded(bundle, monkeypatch):
    monkeypatch.setattr(downloads, "CHUNK", 64)
    request = RequestFactory().get("/")
    sizes = [len(chunk) async for chunk in downloads.bundle_response(request, bundle)]
    assert max(sizes) == 64
    assert sum(sizes) == 1000


async def test_a_reader_who_leaves_closes_the_file(bundle, monkeypatch):
    monkeypatch.setattr(downloads, "CHUNK", 64)
    pieces = downloads.chunks([("part.zip", 2, 600)])
    await anext(pieces)
    assert open_files("part.zip") == 1
    await pieces.aclose()
    assert open_files("part.zip") == 0


def open_files(name: str) -> int:
    links = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]
    return sum(os.path.basename(link) == name for link in links)
