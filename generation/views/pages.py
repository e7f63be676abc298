from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)


class MemberRequest(HttpRequest):
    """A request behind login_required."""

    user: Any  # whatever settings.AUTH_USER_MODEL is; this app imports no user model


def page_of(request: HttpRequest, rows: QuerySet[Row], size: int = 24) -> Page[Row]:
    return Paginator(rows, size).get_page(request.GET.get("page"))
