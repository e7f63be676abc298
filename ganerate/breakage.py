"""What is answered when a request can't be read, a view breaks or the store of files does: problem details under /api/,
a page elsewhere."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import defaults

from generation.trials import FAULTS, complaint

logger = logging.getLogger(__name__)
STORE_RETRY_SECONDS = 30


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith("/api/"):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return problem(413, "too_large", _("The request is too large. Send files in parts of at most 8 MB."))
    return problem(400, "bad_request", _("The request can't be read. Check its address, host and headers."))


def server_error(request: HttpRequest) -> HttpResponse:
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    return problem(500, "server_error", _("Something broke on our side. It has been noted; please try again."))


class StoreFaults:
    """A store of files that refuses or does not answer is no fault of the request: it may come again, unchanged."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, FAULTS):
            return None
        logger.error("%s: %s", request.path, complaint(exception), exc_info=exception)
        return no_store(request)


def no_store(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        text = _("The store of files does not answer as it should. Nothing is lost; please try again in a minute.")
        answer: HttpResponse = problem(503, "store", text)
    else:
        answer = render(request, "503.html", status=503)
    answer["Retry-After"] = str(STORE_RETRY_SECONDS)
    return answer


def problem(status: int, code: str, detail: str) -> JsonResponse:
    members = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JsonResponse(members | {"code": code}, status=status, content_type="application/problem+json")
