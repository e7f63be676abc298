"""What a bucket must do for us, tried on the real one: by `manage.py prepare_bucket` all of it, by /readyz what may
change by itself."""

import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import urllib3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from . import bucket, joining

FAULTS = (BotoCoreError, ClientError, Boto3Error)
REFUSES = ("401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden")
NO_BUCKET = ("404", "NoSuchBucket")
SECONDS = 5.0
PLACE = "readiness"
CONTENT = b"tried"


class Failed(Exception):
    pass


def complaint(error: Exception) -> str:
    """In words that anybody may read: without addresses and keys."""
    code = bucket.code(error)
    if not code:
        return "the store does not answer"
    if code in NO_BUCKET:
        return "the store has no such bucket"
    if code in REFUSES:
        return "the store refuses the key, or does not let it do this"
    return f"the store answers {code}"


def trials() -> dict[str, Callable[[], None]]:
    """Each raises Failed, or what the store said."""
    return {
        "writes, reads a range, deletes": writes_and_reads,
        "hands a file out by a link, under another name": hands_out,
        "refuses whoever has no link": refuses_strangers,
        "makes one file of a stored one and a new end": joins,
        f"lets pages of {', '.join(origins())} send to it": takes_from_browsers,
    }


def writes_and_reads() -> None:
    key = there()
    try:
        if bucket.read(key, 1, 3) != CONTENT[1:4]:
            raise Failed("a range is not what was written")
    finally:
        bucket.remove([key])


def hands_out() -> None:
    key = there()
    try:
        answer = asked("GET", link(key), Range="bytes=1-3")
        if (answer.status, answer.data) != (206, CONTENT[1:4]):
            raise Failed(f"it answered {answer.status}")
        if "named.zip" not in answer.headers.get("Content-Disposition", ""):
            raise Failed("it did not take the name")
    finally:
        bucket.remove([key])


def refuses_strangers() -> None:
    key = there()
    try:
        if asked("GET", link(key).partition("?")[0]).status < 400:
            raise Failed("the bucket is public: everybody can read every file in it. Close it at once")
    finally:
        bucket.remove([key])


def joins() -> None:
    key, whole = there(), f"{PLACE}/{uuid.uuid4()}"
    try:
        joining.join_parts(whole, key, [(0, len(CONTENT))], b"")
        if bucket.length(whole) != len(CONTENT):
            raise Failed("the file has another length")
    finally:
        bucket.remove([key, whole])


def takes_from_browsers() -> None:
    for origin in origins():
        if not lets_send(origin):
            raise Failed("a browser would not send: the bucket's CORS rules do not name this origin")


def origins() -> list[str]:
    """Where our pages may be."""
    places = dict.fromkeys([settings.SITE_URL, *settings.CSRF_TRUSTED_ORIGINS])
    return list(dict.fromkeys("{0.scheme}://{0.netloc}".format(urlsplit(place)) for place in places))


def lets_send(origin: str) -> bool:
    """The question that a browser asks before it sends a part."""
    address = link(f"uploads/{uuid.uuid4()}/file").partition("?")[0]
    answer = asked("OPTIONS", address, Origin=origin, **{"Access-Control-Request-Method": "PUT"})
    return answer.status < 300 and answer.headers.get("Access-Control-Allow-Origin") in (origin, "*")


def there() -> str:
    key = f"{PLACE}/{uuid.uuid4()}"
    bucket.put(key, CONTENT)
    return key


def link(key: str) -> str:
    """As this machine reaches the store, which need not be as browsers do."""
    named = bucket.of(key) | {"ResponseContentDisposition": 'attachment; filename="named.zip"'}
    return str(bucket.client().generate_presigned_url("get_object", Params=named, ExpiresIn=bucket.DOWNLOAD_SECONDS))


def asked(method: str, address: str, **headers: str) -> urllib3.BaseHTTPResponse:
    try:
        return urllib3.request(method, address, headers=headers, timeout=SECONDS, retries=False)
    except urllib3.exceptions.HTTPError:
        raise Failed("the store does not answer") from None
