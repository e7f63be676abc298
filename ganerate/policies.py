"""Content security policies of pages that are not our own: Django's admin, its queues, the API's documentation.

Ours have the strict one of settings.CONTENT_SECURITY_POLICY. No page is without one.
"""

from collections.abc import Callable

from csp.constants import HEADER
from django.http import HttpRequest, HttpResponseBase

SHARED = (
    "default-src 'none'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
# Django's admin writes no script into its pages, but a style into its lists.
ADMIN = f"{SHARED}; script-src 'self'; style-src 'self' 'unsafe-inline'"
# The first that fits. The pages of django-rq hold scripts of their own; only staff who may see them get there.
BY_PREFIX = {
    "/admin/queues/": f"{SHARED}; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'",
    "/admin/django_rq/": f"{SHARED}; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'",
    "/admin/": ADMIN,
    "/api/v1/docs/": ADMIN,
}


class OtherPolicies:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        policy = next((policy for prefix, policy in BY_PREFIX.items() if request.path.startswith(prefix)), "")
        if policy:
            response.headers.setdefault(HEADER, policy)
        return response
