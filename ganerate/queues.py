"""The pages of django-rq, which any member of staff could open: here they are for those who see to the work."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from generation.access import is_staff, may_direct_work, may_see_work


class ForOperators:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *given: Any) -> None:
        """Whoever is no staff is asked to sign in by the page itself."""
        pages = ("/admin/queues/", "/admin/django_rq/")
        if request.path.startswith(pages) and is_staff(request.user):
            allowed = may_see_work if request.method in ("GET", "HEAD") else may_direct_work
            if not allowed(request.user):
                raise PermissionDenied
