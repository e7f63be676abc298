"""Who calls the API, and what their token lets them do."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from .models import ApiToken, User

if TYPE_CHECKING:
    # APIView reads this module while it is being defined.
    from rest_framework.views import APIView


def tokens_page() -> dict[str, str]:
    return {"page": settings.SITE_URL + reverse("token-list")}


def token_of(request: HttpRequest) -> ApiToken | None:
    """The token that a request carries, looked up once however many ask."""
    if not hasattr(request, "api_token"):
        token = look_up(request.headers.get("Authorization", ""))
        setattr(request, "api_token", token)  # noqa: B010 - HttpRequest has no such attribute for mypy
    return getattr(request, "api_token")  # noqa: B009


def look_up(header: str) -> ApiToken | None:
    keyword, _space, text = header.partition(" ")
    if keyword.lower() != "token":
        return None
    token = ApiToken.objects.select_related("user").filter(digest=ApiToken.hash(text.strip())).first()
    if token is None or not token.user.is_active:
        raise refused("token_unknown", _("This token is unknown. Check that it is whole, or make one at %(page)s."))
    # Only who holds the whole text learns more than that.
    if token.revoked_at:
        raise refused("token_revoked", _("This token was revoked. Make a new one at %(page)s."))
    if token.expires_at <= timezone.now():
        raise refused("token_expired", _("This token has expired. Make a new one at %(page)s."))
    token.touch()
    return token


def refused(code: str, detail: str) -> AuthenticationFailed:
    return AuthenticationFailed(detail % tokens_page(), code=code)


def member(request: Request) -> User:
    """Who asks, in views that HasScope guards."""
    assert isinstance(request.user, User)
    return request.user


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        token = token_of(request._request)
        return (token.user, token) if token else None

    def authenticate_header(self, request: Request) -> str:
        return 'Token realm="api"'


class HasScope(BasePermission):
    """Views say `required_scope`. Reading needs it or “read”; a person in a browser has every scope."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not request.user.is_authenticated:
            detail = _("Sign in, or send the header “Authorization: Token …” with a token from %(page)s.")
            raise NotAuthenticated(detail % tokens_page())
        scope: str | None = getattr(view, "required_scope", None)
        if scope == ApiToken.Scope.MODERATE and not request.user.is_staff:
            return False
        reading = request.method in SAFE_METHODS
        return not isinstance(request.auth, ApiToken) or self.allows(request.auth, scope, reading)

    def allows(self, token: ApiToken, scope: str | None, reading: bool) -> bool:
        sufficient = {scope, ApiToken.Scope.READ.value} if reading else {scope}
        if sufficient & set(token.scopes):
            return True
        lacking = _("This token lacks the scope “%(scope)s”. Make one that has it at %(page)s.")
        self.message: Any = lacking % {"scope": scope or ApiToken.Scope.READ.value, **tokens_page()}
        return False


class ReadableByAll(HasScope):
    """Anybody may look; whoever changes something needs the scope."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return request.method in SAFE_METHODS or super().has_permission(request, view)
