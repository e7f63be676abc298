"""One effect for one Idempotency-Key, however often a creating call is repeated."""

import hashlib
import json
from datetime import timedelta
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from .models import IdempotentRequest, User

MAX_BODY = 1024 * 1024
MAX_KEY = 200
UNFINISHED = 0
# A process that died in the middle leaves an unfinished row; after this its key may be used again.
ABANDONED_AFTER = timedelta(minutes=2)
KEPT_FOR = timedelta(days=1)
KEPT_HEADERS = ("Location", "Content-Language")


def short(key: str) -> str:
    """A key of whatever length and characters pleases its maker, in a column that takes neither."""
    plain = len(key) <= MAX_KEY and key.isascii() and key.isprintable()
    return key if plain else hashlib.sha256(key.encode()).hexdigest()


def fingerprint(request: HttpRequest) -> str:
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    digest.update(request.body)
    return digest.hexdigest()


def claim(user: User, key: str, sha256: str) -> IdempotentRequest | None:
    """The row if this request is the first with its key. The unique constraint decides between two at once."""
    try:
        with transaction.atomic():
            return IdempotentRequest.objects.create(
                user=user, key=key, request_sha256=sha256, status=UNFINISHED, answer={}
            )
    except IntegrityError:
        return None


def claim_again(user: User, key: str, sha256: str) -> IdempotentRequest | None:
    """For a key whose row is too old to count."""
    forgotten, _counts = IdempotentRequest.objects.filter(too_old(), user=user, key=key).delete()
    return claim(user, key, sha256) if forgotten else None


def too_old() -> Q:
    now = timezone.now()
    abandoned = Q(status=UNFINISHED, created_at__lt=now - ABANDONED_AFTER)
    return Q(created_at__lt=now - KEPT_FOR) | abandoned


def forget_all_old() -> int:
    return IdempotentRequest.objects.filter(too_old()).delete()[0]


def keep(row: IdempotentRequest, response: HttpResponseBase) -> None:
    """Only what had an effect is kept; an answer that must not be stored (a token's text) is not."""
    secret = "no-store" in response.headers.get("Cache-Control", "")
    if secret or not (200 <= response.status_code < 300) or not isinstance(response, HttpResponse):
        row.delete()
        return
    row.status = response.status_code
    row.answer = {
        "body": json.loads(response.content) if response.content else None,
        "headers": {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers},
    }
    row.save(update_fields=["status", "answer"])


def repeated(user: User, key: str, sha256: str) -> HttpResponse:
    row = IdempotentRequest.objects.filter(user=user, key=key).first()
    if row is not None and row.request_sha256 != sha256:
        return conflict("idempotency_key_reused", _("This Idempotency-Key was used for another request."))
    if row is None or row.status == UNFINISHED:
        response = conflict("idempotency_key_busy", _("A request with this Idempotency-Key is still being worked on."))
        response.headers["Retry-After"] = "1"
        return response
    return replay(row)


def replay(row: IdempotentRequest) -> HttpResponse:
    body = row.answer["body"]
    content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    response = HttpResponse(content, status=row.status, content_type="application/json")
    for name, value in row.answer["headers"].items():
        response.headers[name] = value
    response.headers["Idempotency-Replayed"] = "true"
    return response


def conflict(code: str, detail: str) -> JsonResponse:
    problem = {"type": f"/problems/{code}", "title": HTTPStatus.CONFLICT.phrase, "status": 409, "detail": detail}
    return JsonResponse(problem | {"code": code}, status=409, content_type="application/problem+json")
