"""What is answered when a request can't be read or a view breaks: problem details under /api/, a page elsewhere."""

from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults


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


def problem(status: int, code: str, detail: str) -> JsonResponse:
    members = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JsonResponse(members | {"code": code}, status=status, content_type="application/problem+json")
