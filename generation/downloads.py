"""Files over HTTP: resumable, in chunks from the storage's own bytes, with flat memory behind ganerate.server."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe
from django.utils.translation import gettext as _

from .http_ranges import NotSatisfiable, Range, asked

if TYPE_CHECKING:
    from .bundles import Bundle, Segment

logger = logging.getLogger(__name__)

CHUNK = 256 * 1024
Body = Callable[[Range], HttpResponseBase]


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


def bundle_response(request: HttpRequest, bundle: "Bundle") -> HttpResponseBase:
    facts = Facts(bundle.name, bundle.size, bundle.sha256, bundle.made_at)
    return file_response(request, facts, lambda wanted: stored_bytes(bundle, wanted))


def bytes_response(request: HttpRequest, name: str, data: bytes, made_at: datetime) -> HttpResponseBase:
    """A small zip that was made in memory."""
    facts = Facts(name, len(data), hashlib.sha256(data).hexdigest(), made_at)
    return file_response(request, facts, lambda wanted: HttpResponse(data[wanted.start : wanted.end]))


def file_response(request: HttpRequest, facts: Facts, body: Body) -> HttpResponseBase:
    """The file or the one range of it that was asked for; only its headers for HEAD, to which ranges mean nothing."""
    condition = get_conditional_response(request, facts.etag, facts.timestamp)
    if condition is not None:
        return known_by(condition, facts)
    if request.method == "HEAD":
        return as_attachment(HttpResponse(), facts, facts.size)
    try:
        wanted = asked(request.headers.get("Range", ""), facts.size) if same_file(request, facts) else None
    except NotSatisfiable:
        return known_by(HttpResponse(status=416, headers={"Content-Range": f"bytes */{facts.size}"}), facts)
    return part_response(facts, wanted, body)


def same_file(request: HttpRequest, facts: Facts) -> bool:
    """If-Range: a part is of use only to whoever has the rest of this very file. A weak tag never is one."""
    condition = request.headers.get("If-Range")
    return condition in (None, facts.etag) or parse_http_date_safe(condition or "") == facts.timestamp


def part_response(facts: Facts, wanted: Range | None, body: Body) -> HttpResponseBase:
    span = wanted or Range(0, facts.size)
    response = body(span)
    if response.status_code != 200:
        return response
    if wanted is not None:
        response.status_code = 206
        response["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{facts.size}"
    return as_attachment(response, facts, span.length)


def as_attachment(response: HttpResponseBase, facts: Facts, length: int) -> HttpResponseBase:
    response["Content-Type"] = "application/zip"
    response["Content-Length"] = str(length)
    response["Content-Disposition"] = disposition(facts.name)
    return known_by(response, facts)


def known_by(response: HttpResponseBase, facts: Facts) -> HttpResponseBase:
    response["ETag"] = facts.etag
    response["Last-Modified"] = http_date(facts.timestamp)
    response["Accept-Ranges"] = "bytes"
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


def stored_bytes(bundle: "Bundle", wanted: Range) -> HttpResponseBase:
    pieces = list(cut(bundle.segments, wanted))
    if missing := [key for key in dict.fromkeys(key for key, _start, _length in pieces) if not stored(key)]:
        # Said before the first byte: afterwards there is only a broken connection left to say it with.
        logger.error("The bundle %s lacks its stored files: %s", bundle.name, ", ".join(missing))
        text = _("%(name)s can't be read at the moment. Please try again later, or write to us.")
        return HttpResponse(text % {"name": bundle.name}, status=503, content_type="text/plain; charset=utf-8")
    return StreamingHttpResponse(chunks(pieces))


def stored(key: str) -> bool:
    return default_storage.exists(key)


def cut(segments: "Iterable[Segment]", wanted: Range) -> "Iterator[tuple[str, int, int]]":
    """(key, start, length) of the stored bytes that make up the range."""
    position = 0
    for segment in segments:
        begin, end = max(wanted.start, position), min(wanted.end, position + segment.length)
        if begin < end:
            yield segment.key, segment.start + begin - position, end - begin
        position += segment.length


async def chunks(pieces: list[tuple[str, int, int]]) -> AsyncGenerator[bytes, None]:
    for key, start, length in pieces:
        async with aclosing(read_piece(key, start, length)) as piece:
            async for chunk in piece:
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
