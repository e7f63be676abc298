"""What the API's schema says of every route alike: how it refuses, and that a creating call may be repeated."""

from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

JSON = dict[str, Any]  # Any: JSON values
PROBLEM: JSON = {
    "type": "object",
    "description": "RFC 9457. `errors` names the fields of bad input; some problems have further members.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
    "required": ["type", "title", "status", "detail", "code"],
}
IDEMPOTENCY_KEY: JSON = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string"},
    "description": "A repeated request with the same key has its effect once and gets the same answer.",
}


class Generator(SchemaGenerator):
    """Draws it up once for each language and address of the site: that takes a second, and anybody may ask for it."""

    def get_schema(self, request: Any = None, public: bool = False) -> JSON:  # Any: as in the base class
        return drawn_up(translation.get_language(), public)


@cache
def drawn_up(language: str | None, public: bool) -> JSON:
    schema: JSON = SchemaGenerator().get_schema(request=None, public=public)
    return schema


def declare_problems(result: JSON, **_context: object) -> JSON:
    """A hook of drf-spectacular. What a view declares itself stays."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    for operations in result["paths"].values():
        for method, operation in operations.items():
            if method == "post":
                operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
            for response in operation["responses"].values():
                if "application/problem+json" in response.get("content", {}):
                    response["content"] = as_problem(HTTPStatus.CONFLICT)["content"]
            for status in refusals(method, operation):
                operation["responses"].setdefault(str(int(status)), as_problem(status))
    return result


def refusals(method: str, operation: JSON) -> Iterator[HTTPStatus]:
    places = {parameter["in"] for parameter in operation.get("parameters", ())}
    paged = any(parameter["name"] == "cursor" for parameter in operation.get("parameters", ()))
    yield from (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    if method != "get" or "query" in places:
        yield HTTPStatus.BAD_REQUEST
    if "requestBody" in operation:
        yield HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    if "requestBody" in operation or "path" in places or paged:
        yield HTTPStatus.NOT_FOUND
    if method != "get":
        yield HTTPStatus.CONFLICT
    if method == "post":
        yield HTTPStatus.TOO_MANY_REQUESTS


def as_problem(status: HTTPStatus) -> JSON:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": status.phrase, "content": content}
