"""Bundles over HTTP from the storage's own bytes: resumable, in chunks, with flat memory behind ganerate.server."""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

if TYPE_CHECKING:
    from .bundles import Bundle, Segment

CHUNK = 256 * 1024
ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class Range(NamedTuple):
    start: int
    end: int  # exclusive

    @property
    def length(self) -> int:
        return self.end - self.start


class NotSatisfiable(Exception):
    """The range begins past the end of the bundle."""


def bundle_response(request: HttpRequest, bundle: "Bundle") -> HttpResponseBase:
    """The bundle or the one range of it that was asked for. Several ranges, or a malformed one, get the whole."""
    etag = f'"{bundle.sha256}"'
    if request.headers.get("If-None-Match") == etag:
        return with_headers(HttpResponse(status=304), bundle, etag)
    try:
        wanted = requested_range(request, etag, bundle.size)
    except NotSatisfiable:
        refusal = HttpResponse(status=416, headers={"Content-Range": f"bytes */{bundle.size}"})
        return with_headers(refusal, bundle, etag)
    response = streamed(request, bundle, wanted or Range(0, bundle.size))
    if wanted is not None:
        response.status_code = 206
        response["Content-Range"] = f"bytes {wanted.start}-{wanted.end - 1}/{bundle.size}"
    return with_headers(response, bundle, etag)


def requested_range(request: HttpRequest, etag: str, size: int) -> Range | None:
    header = request.headers.get("Range", "")
    match = ONE_RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match.group() == "bytes=-" or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = match.groups()
    if not first:
        return suffix_range(int(last), size)
    start, end = int(first), min(int(last) + 1, size) if last else size
    if start >= size:
        raise NotSatisfiable
    return Range(start, end) if start < end else None


def suffix_range(length: int, size: int) -> Range:
    if length == 0:
        raise NotSatisfiable
    return Range(max(0, size - length), size)


def streamed(request: HttpRequest, bundle: "Bundle", wanted: Range) -> HttpResponseBase:
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse()
    else:
        response = StreamingHttpResponse(chunks(list(cut(bundle.segments, wanted))))
    response["Content-Length"] = str(wanted.length)
    return response


def with_headers(response: HttpResponseBase, bundle: "Bundle", etag: str) -> HttpResponseBase:
    response["Content-Type"] = "application/zip"
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-transform"
    response["Content-Disposition"] = content_disposition_header(True, bundle.name) or "attachment"
    return response


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
        while length and (chunk := await asyncio.to_thread(file.read, min(CHUNK, length))):
            length -= len(chunk)
            yield chunk
    finally:
        file.close()
