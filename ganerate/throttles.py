"""How often somebody may create things. Reading and uploading parts are never slowed down."""

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle, UserRateThrottle

if TYPE_CHECKING:
    # APIView reads this module while it is being defined.
    from rest_framework.views import APIView


class CreateThrottle(UserRateThrottle):
    scope = "create"

    def allow_request(self, request: Request, view: "APIView") -> bool:
        return request.method != "POST" or super().allow_request(request, view)


class ScopedCreateThrottle(SimpleRateThrottle):
    """As CreateThrottle, with the view's own `throttle_scope`."""

    def __init__(self) -> None:
        """The rate depends on the view, so it is read when the view is known."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        self.scope = getattr(view, "throttle_scope", None)
        if request.method != "POST" or not self.scope:
            return True
        self.rate = self.get_rate()
        self.num_requests, self.duration = self.parse_rate(self.rate)
        return super().allow_request(request, view)

    def get_cache_key(self, request: Request, view: "APIView") -> str:
        person = request.user.pk if request.user and request.user.is_authenticated else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": person}
