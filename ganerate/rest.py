"""What every API answer has in common: pages and errors."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler


class CursorPages(CursorPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-id"


def problem_details(exc: Exception, context: dict[str, Any]) -> Response | None:
    """RFC 9457: type, title, status, detail and a stable code; for bad input also the messages by field."""
    response = exception_handler(exc, context)
    if response is None:
        return None
    exc = as_api_exception(exc)
    problem = problem_of(exc, response.status_code)
    if isinstance(exc, exceptions.ValidationError):
        problem["errors"] = as_fields(response.data)
        problem["detail"] = "; ".join(f"{field}: {' '.join(texts)}" for field, texts in problem["errors"].items())
    response.data = problem
    response.content_type = "application/problem+json"
    return response


def as_api_exception(exc: Exception) -> Exception:
    if isinstance(exc, Http404):
        return exceptions.NotFound()
    return exceptions.PermissionDenied() if isinstance(exc, PermissionDenied) else exc


def problem_of(exc: Exception, status: int) -> dict[str, Any]:  # Any: JSON values
    code = code_of(exc)
    # Without a type of its own a problem means what its HTTP status means.
    own_type = isinstance(exc, exceptions.APIException) and code != exc.default_code
    problem: dict[str, Any] = {
        "type": f"/problems/{code}" if own_type or code == "invalid" else "about:blank",
        "title": _("Invalid input.") if code == "invalid" else HTTPStatus(status).phrase,
        "status": status,
        "detail": str(getattr(exc, "detail", "")),
        "code": code,
    }
    return problem | getattr(exc, "members", {})


def code_of(exc: Exception) -> str:
    if isinstance(exc, exceptions.ValidationError) or not isinstance(exc, exceptions.APIException):
        return "invalid"
    codes = exc.get_codes()
    return codes if isinstance(codes, str) else exc.default_code


def as_fields(data: Any) -> dict[str, list[str]]:
    if isinstance(data, list):
        return {"non_field_errors": [str(text) for text in data]}
    return {field: flat(texts) for field, texts in data.items()}


def flat(texts: Any) -> list[str]:
    if isinstance(texts, dict):
        return [f"{key}: {text}" for key, value in texts.items() for text in flat(value)]
    return [part for text in texts for part in flat(text)] if isinstance(texts, list) else [str(texts)]


class NoSuchAddress(APIView):
    """Every other address under /api/: an error in the API's own form, for whoever mistyped one."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise exceptions.NotFound(_("There is nothing at this address. Addresses end with a slash; see /api/v1/docs/."))
