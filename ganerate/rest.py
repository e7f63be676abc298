"""What every API answer has in common: pages and errors."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler


class CursorPages(CursorPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-id"


def problem_details(exc: Exception, context: dict[str, Any]) -> Response | None:
    """RFC 9457: type, title, status, detail, and for bad input the messages by field."""
    response = exception_handler(exc, context)
    if response is None:
        return None
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    problem: dict[str, Any] = {
        "type": f"about:blank#{getattr(exc, 'default_code', 'error')}",
        "title": str(getattr(exc, "default_detail", exc)),
        "status": response.status_code,
    }
    if isinstance(exc, exceptions.ValidationError):
        problem |= {"title": "Invalid input.", "errors": as_fields(response.data)}
        problem["detail"] = "; ".join(f"{field}: {' '.join(texts)}" for field, texts in problem["errors"].items())
    else:
        problem["detail"] = str(response.data.get("detail", "")) if isinstance(response.data, dict) else ""
    response.data = problem
    response.content_type = "application/problem+json"
    return response


def as_fields(data: Any) -> dict[str, list[str]]:
    if isinstance(data, list):
        return {"non_field_errors": [str(text) for text in data]}
    return {field: flat(texts) for field, texts in data.items()}


def flat(texts: Any) -> list[str]:
    if isinstance(texts, dict):
        return [f"{key}: {text}" for key, value in texts.items() for text in flat(value)]
    return [str(text) for text in texts] if isinstance(texts, list) else [str(texts)]
