"""Files over HTTP: resumable, in chunks from the storage's own bytes, with flat memory behind ganerate.server."""

import asyncio
import base64
import hashlib
import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from django.core.cache import cache
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe
from django.utils.translation import gettext as _

from . import bucket
from .http_ranges import NotSatisfiable, Range, asked

if TYPE_CHECKING:
    from .bundles import Bundle, Segment

logger = logging.getLogger(__name__)

CHUNK = 256 * 1024
# Answers with which a download begins: the file, a part of it, or where the store hands it out.
BEGINNINGS = (200, 206, 302)
# What was in the store so long ago is there still: nothing that can be downloaded is ever written to.
SEEN_SECONDS = 300
TEXT = "text/plain; charset=utf-8"
TYPES = {
    ".zip": "application/zip",
    ".tar": "application/x-tar",
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown; charset=utf-8",
    ".txt": TEXT,
    ".sha256": TEXT,
}
Stored = tuple[str, int, int]  # key, start, length
# An answer made of bytes and ranges of the file, one after another; or why there is none.
Body = Callable[["Sequence[bytes | Range]"], HttpResponseBase]


class Facts(NamedTuple):
    """What is to be known of a file without opening it. Its bytes never change."""

    name: str
    size: int
    sha256: str
    made_at: datetime

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'

    @property
    def timestamp(self) -> int:
        return int(self.made_at.timestamp())

    @property
    def content_type(self) -> str:
        return type_of(self.name)

    @property
    def digest(self) -> str:
        """RFC 9530: of the whole file, also where a part of it is sent."""
        return f"sha-256=:{base64.b64encode(bytes.fromhex(self.sha256)).decode()}:"


def type_of(name: str) -> str:
    return TYPES.get(PurePath(name).suffix, "application/octet-stream")


def bundle_response(request: HttpRequest, bundle: "Bundle") -> HttpResponseBase:
    if bundle.text is not None:
        return bytes_response(request, bundle.name, bundle.text, bundle.made_at)
    if bucket.is_used():
        return handed_out(request, bundle)
    facts = Facts(bundle.name, bundle.size, bundle.sha256, bundle.made_at)
    return file_response(request, facts, lambda wanted: stored_bytes(bundle, wanted))


def handed_out(request: HttpRequest, bundle: "Bundle") -> HttpResponseBase:
    """By the store itself: no byte of it comes by here.

    It knows the file by a tag and a date of its own, so conditions and ranges are its to answer; but not a range past
    the end, by which a program asks whether the file it has is whole.
    """
    (segment,) = bundle.segments
    if not seen(segment.key):
        return missing(bundle, [segment.key])
    if request.method == "GET" and "If-Range" not in request.headers:
        try:
            asked(request.headers.get("Range", ""), bundle.size)
        except NotSatisfiable:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{bundle.size}"})
    link = bucket.download_link(request.method or "GET", segment.key, disposition(bundle.name), type_of(bundle.name))
    return HttpResponseRedirect(link, headers={"Cache-Control": "no-store"})


def seen(key: str) -> bool:
    """Whether the store has it, asked once in a while: a click need not wait for that each time."""
    name = f"stored:{key}"
    if not cache.get(name) and bucket.length(key) >= 0:
        cache.set(name, True, SEEN_SECONDS)
    return cache.get(name) is not None


def bytes_response(request: HttpRequest, name: str, data: bytes, made_at: datetime) -> HttpResponseBase:
    """A small file that was made in memory."""
    facts = Facts(name, len(data), hashlib.sha256(data).hexdigest(), made_at)

    def body(wanted: Sequence[bytes | Range]) -> HttpResponseBase:
        return HttpResponse(b"".join(data[one.start : one.end] if isinstance(one, Range) else one for one in wanted))

    return file_response(request, facts, body)


def file_response(request: HttpRequest, facts: Facts, body: Body) -> HttpResponseBase:
    """The file, or what of it was asked for; only its headers for HEAD, to which ranges mean nothing.

    The conditions go in the order of RFC 9110, 13.2.2.
    """
    condition = get_conditional_response(request, facts.etag, facts.timestamp)
    if condition is not None:
        return known_by(condition, facts)
    if request.method == "HEAD":
        return as_attachment(HttpResponse(), facts, facts.size)
    try:
        wanted = asked(request.headers.get("Range", ""), facts.size) if same_file(request, facts) else []
    except NotSatisfiable:
        return known_by(HttpResponse(status=416, headers={"Content-Range": f"bytes */{facts.size}"}), facts)
    return several_parts(facts, wanted, body) if len(wanted) > 1 else one_part(facts, wanted, body)


def same_file(request: HttpRequest, facts: Facts) -> bool:
    """If-Range: a part is of use only to whoever has the rest of this very file. A weak tag never is one."""
    condition = request.headers.get("If-Range")
    return condition in (None, facts.etag) or parse_http_date_safe(condition or "") == facts.timestamp


def one_part(facts: Facts, wanted: list[Range], body: Body) -> HttpResponseBase:
    span = wanted[0] if wanted else Range(0, facts.size)
    response = body([span])
    if response.status_code != 200:
        return response
    if wanted:
        response.status_code = 206
        response["Content-Range"] = content_range(span, facts)
    return as_attachment(response, facts, span.length)


def several_parts(facts: Facts, wanted: list[Range], body: Body) -> HttpResponseBase:
    """multipart/byteranges: each part says which range it is."""
    boundary = secrets.token_hex(16)
    pieces = [piece for one in wanted for piece in (part_head(boundary, one, facts), one)]
    pieces.append(f"\r\n--{boundary}--\r\n".encode())
    response = body(pieces)
    if response.status_code != 200:
        return response
    response.status_code = 206
    as_attachment(response, facts, sum(one.length if isinstance(one, Range) else len(one) for one in pieces))
    response["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
    return response


def part_head(boundary: str, one: Range, facts: Facts) -> bytes:
    head = f"\r\n--{boundary}\r\nContent-Type: {facts.content_type}\r\nContent-Range: {content_range(one, facts)}"
    return f"{head}\r\n\r\n".encode()


def content_range(one: Range, facts: Facts) -> str:
    return f"bytes {one.start}-{one.end - 1}/{facts.size}"


def as_attachment(response: HttpResponseBase, facts: Facts, length: int) -> HttpResponseBase:
    response["Content-Type"] = facts.content_type
    response["Content-Length"] = str(length)
    response["Content-Disposition"] = disposition(facts.name)
    return known_by(response, facts)


def known_by(response: HttpResponseBase, facts: Facts) -> HttpResponseBase:
    response["ETag"] = facts.etag
    response["Last-Modified"] = http_date(facts.timestamp)
    response["Accept-Ranges"] = "bytes"
    response["Repr-Digest"] = facts.digest
    response["Cache-Control"] = "private, no-transform"
    return response


def disposition(name: str) -> str:
    """The name as it is (RFC 6266), and before it, for programs that know only ASCII, what remains of it there."""
    if name.isascii():
        return content_disposition_header(True, name) or "attachment"
    plain = "".join(letter for letter in name if letter.isascii() and letter not in '"\\').strip(" -_")
    plain = f"download{plain}" if plain.startswith(".") else plain
    encoded = (content_disposition_header(True, name) or "").partition("filename*=")[2]
    return f'attachment; filename="{plain or "download"}"; filename*={encoded}'


def stored_bytes(bundle: "Bundle", wanted: "Sequence[bytes | Range]") -> HttpResponseBase:
    pieces = [piece for one in wanted for piece in ([one] if isinstance(one, bytes) else cut(bundle.segments, one))]
    keys = dict.fromkeys(piece[0] for piece in pieces if isinstance(piece, tuple))
    if lost := [key for key in keys if not default_storage.exists(key)]:
        # Said before the first byte: afterwards there is only a broken connection left to say it with.
        return missing(bundle, lost)
    return StreamingHttpResponse(chunks(pieces))


def missing(bundle: "Bundle", keys: list[str]) -> HttpResponse:
    logger.error("The bundle %s lacks its stored files: %s", bundle.name, ", ".join(keys))
    text = _("%(name)s can't be read at the moment. Please try again later, or write to us.")
    return HttpResponse(text % {"name": bundle.name}, status=503, content_type=TEXT)


def cut(segments: "Iterable[Segment]", wanted: Range) -> "Iterator[Stored]":
    """(key, start, length) of the stored bytes that make up the range."""
    position = 0
    for segment in segments:
        begin, end = max(wanted.start, position), min(wanted.end, position + segment.length)
        if begin < end:
            yield segment.key, segment.start + begin - position, end - begin
        position += segment.length


async def chunks(pieces: "Sequence[bytes | Stored]") -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        async with aclosing(read_piece(*piece)) as read:
            async for chunk in read:
                yield chunk


async def read_piece(key: str, start: int, length: int) -> AsyncGenerator[bytes, None]:
    file = await asyncio.to_thread(default_storage.open, key)
    try:
        await asyncio.to_thread(file.seek, start)
        while length:
            chunk = await asyncio.to_thread(file.read, min(CHUNK, length))
            if not chunk:
                # The server then cuts the connection, and the client sees that the file is not whole.
                raise EOFError(f"{key} ends {length} bytes early")
            length -= len(chunk)
            yield chunk
    finally:
        file.close()
