"""A stored file's beginning and a new end made one stored file, by the store itself: only the end is sent."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise

from botocore.exceptions import BotoCoreError, ClientError

from . import bucket

# The store takes no smaller part but the last one.
LEAST_BYTES = 5 * 1024**2
# A copy of so much is answered long before anybody gives up waiting for it.
COPIED_BYTES = 64 * 1024**2
AT_ONCE = 4
Spans = list[tuple[int, int]]  # start and end of each
CONTENT_TYPE = "application/octet-stream"  # what a download is called, its link says


def join(key: str, source: str, prefix: int, end: bytes) -> None:
    """Stores at `key` the first `prefix` bytes of `source`, then `end`. Appears whole or not at all."""
    if prefix < LEAST_BYTES:
        return bucket.put(key, bucket.read(source, 0, prefix) + end)
    bucket.abandon(key)  # what an attempt that died had begun
    join_parts(key, source, pieces(prefix), end)


def join_parts(key: str, source: str, spans: Spans, end: bytes) -> None:
    upload = bucket.client().create_multipart_upload(**bucket.of(key), ContentType=CONTENT_TYPE)["UploadId"]
    try:
        parts = list(copied(key, upload, source, spans))
        if end:
            parts.append(sent(key, upload, end, len(spans) + 1))
        listed = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(parts, start=1)]}
        bucket.client().complete_multipart_upload(**bucket.of(key), UploadId=upload, MultipartUpload=listed)
    except BaseException:
        with suppress(BotoCoreError, ClientError):
            bucket.client().abort_multipart_upload(**bucket.of(key), UploadId=upload)
        raise


def copied(key: str, upload: str, source: str, spans: Spans) -> Iterator[str]:
    """The tags of the copies, in order."""

    def copy(number: int, start: int, end: int) -> str:
        span = {"CopySource": bucket.of(source), "CopySourceRange": f"bytes={start}-{end - 1}"}
        answer = bucket.client().upload_part_copy(**bucket.of(key), UploadId=upload, PartNumber=number, **span)
        return str(answer["CopyPartResult"]["ETag"])

    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield from threads.map(copy, range(1, len(spans) + 1), *zip(*spans, strict=True))


def sent(key: str, upload: str, end: bytes, number: int) -> str:
    answer = bucket.client().upload_part(**bucket.of(key), UploadId=upload, PartNumber=number, Body=end)
    return str(answer["ETag"])


def pieces(length: int) -> Spans:
    """Of about the same size, so that none is too small."""
    count = -(-length // COPIED_BYTES)
    return list(pairwise(length * number // count for number in range(count + 1)))
