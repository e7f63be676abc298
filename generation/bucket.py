"""What an S3-compatible store does without us: takes a large file in parts straight from whoever sends it, and hands
files out by links. Addresses are signed for settings.S3_PUBLIC_URL, where browsers reach the store."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import IO, Any, NamedTuple

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from django.conf import settings
from django.core.files.storage import default_storage

LINK_SECONDS = 3600
# Of a download that begins: whoever clicks is asked anew, and a refund ends what was handed out this long ago.
DOWNLOAD_SECONDS = 120
# The store takes so many names in one call.
REMOVED_AT_ONCE = 1000
UNKNOWN = ("404", "NoSuchBucket", "NoSuchKey", "NoSuchUpload")

Store = Any  # boto3 makes its classes as it runs


class Part(NamedTuple):
    number: int
    size: int
    etag: str


def is_used() -> bool:
    return hasattr(default_storage, "bucket_name")


def client() -> Store:
    """As this machine reaches the store. One for all threads: making one takes a tenth of a second."""
    store: Any = default_storage
    return store.bucket.meta.client


@cache
def signer() -> Store:
    """As browsers reach it; makes addresses and never connects."""
    backend: Any = settings.STORAGES["default"]
    options = backend["OPTIONS"]
    made: BaseClient = boto3.client(
        "s3",
        endpoint_url=settings.S3_PUBLIC_URL or options["endpoint_url"],
        aws_access_key_id=options["access_key"],
        aws_secret_access_key=options["secret_key"],
        region_name=options["region_name"],
        config=Config(signature_version="s3v4", s3={"addressing_style": options["addressing_style"]}),
    )
    return made


def part_link(key: str, upload: str, number: int, length: int) -> str:
    """Where one part is PUT. Its length is signed too, so the store takes no more and no less."""
    asked = of(key) | {"UploadId": upload, "PartNumber": number, "ContentLength": length}
    return str(signer().generate_presigned_url("upload_part", Params=asked, ExpiresIn=LINK_SECONDS))


def download_link(method: str, key: str, disposition: str, content_type: str) -> str:
    """Where the store answers GET or HEAD of this file, whole or in ranges, named by the disposition."""
    headers = {
        "ResponseContentDisposition": disposition,
        "ResponseContentType": content_type,
        "ResponseCacheControl": "private, no-transform",
    }
    call = "head_object" if method == "HEAD" else "get_object"
    return str(signer().generate_presigned_url(call, Params=of(key) | headers, ExpiresIn=DOWNLOAD_SECONDS))


def begun(key: str) -> str:
    """The upload of this file: the oldest there is, so that all who ask have the same, else a new one."""
    return next(iter(unfinished(key)), None) or begin(key)


def begin(key: str) -> str:
    client().create_multipart_upload(**of(key), ContentType="application/octet-stream")
    return unfinished(key)[0]


def unfinished(key: str) -> list[str]:
    """The uploads of this file, the oldest first."""
    found = [one for one in begun_under(key) if one["Key"] == key]
    return [one["UploadId"] for one in sorted(found, key=lambda one: (one["Initiated"], one["UploadId"]))]


def unfinished_under(place: str) -> set[str]:
    """Files that were begun there and not finished."""
    return {one["Key"] for one in begun_under(f"{place}/")}


def begun_under(prefix: str) -> Iterator[dict[str, Any]]:
    pages = client().get_paginator("list_multipart_uploads").paginate(Bucket=settings.S3_BUCKET, Prefix=prefix)
    return (one for page in pages for one in page.get("Uploads", []))


def put_part(key: str, upload: str, number: int, file: "bytes | IO[bytes]") -> None:
    client().upload_part(**of(key), UploadId=upload, PartNumber=number, Body=file)


def parts(key: str) -> list[Part]:
    """What has arrived of an unfinished upload, by number."""
    upload = next(iter(unfinished(key)), None)
    if upload is None:
        return []
    pages = client().get_paginator("list_parts").paginate(**of(key), UploadId=upload)
    return [Part(part["PartNumber"], part["Size"], part["ETag"]) for page in pages for part in page.get("Parts", [])]


def join(key: str, arrived: list[Part]) -> None:
    """Makes the parts one file. Of two that do so at once both succeed."""
    upload = next(iter(unfinished(key)), None)
    if upload is not None:
        listed = [{"PartNumber": part.number, "ETag": part.etag} for part in arrived]
        try:
            client().complete_multipart_upload(**of(key), UploadId=upload, MultipartUpload={"Parts": listed})
        except ClientError as refused:
            if code(refused) not in UNKNOWN:
                raise
    abandon(key)


def abandon(key: str) -> None:
    """Frees what has arrived of uploads that nobody finishes."""
    for upload in unfinished(key):
        try:
            client().abort_multipart_upload(**of(key), UploadId=upload)
        except ClientError as refused:
            if code(refused) not in UNKNOWN:
                raise


def length(key: str) -> int:
    """-1 where there is no such file."""
    try:
        return int(client().head_object(**of(key))["ContentLength"])
    except ClientError as refused:
        if code(refused) in UNKNOWN:
            return -1
        raise


def read(key: str, start: int, length: int) -> bytes:
    """Raises FileNotFoundError."""
    try:
        span = f"bytes={start}-{start + length - 1}"
        return bytes(client().get_object(**of(key), Range=span)["Body"].read())
    except ClientError as refused:
        if code(refused) in UNKNOWN:
            raise FileNotFoundError(key) from refused
        raise


def put(key: str, content: bytes) -> None:
    """For what is small: in one request, without the threads that a large file is sent by."""
    client().put_object(**of(key), Body=content)


def remove(keys: Sequence[str]) -> None:
    for first in range(0, len(keys), REMOVED_AT_ONCE):
        listed = {"Objects": [{"Key": key} for key in keys[first : first + REMOVED_AT_ONCE]], "Quiet": True}
        answer = client().delete_objects(Bucket=settings.S3_BUCKET, Delete=listed)
        if failed := answer.get("Errors"):
            raise OSError(f"{len(failed)} files were not removed, {failed[0]['Key']} because {failed[0]['Code']}")


def under(place: str) -> list[str]:
    """The keys of all files there."""
    pages = client().get_paginator("list_objects_v2").paginate(Bucket=settings.S3_BUCKET, Prefix=f"{place}/")
    return [one["Key"] for page in pages for one in page.get("Contents", [])]


def of(key: str) -> dict[str, Any]:
    return {"Bucket": settings.S3_BUCKET, "Key": key}


def code(error: Exception) -> str:
    """What the store answered; nothing where it did not answer."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
