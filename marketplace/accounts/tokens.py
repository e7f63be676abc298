"""Making API tokens: which scopes somebody may give away, and for how long."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from .models import ApiToken, User

MAX_DAYS = 365
DEFAULT_DAYS = 90
MAX_USABLE = 50


class TokenNotIssued(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def issue(
    user: User, name: str, scopes: list[str], days: int = DEFAULT_DAYS, maker: ApiToken | None = None
) -> tuple[ApiToken, str]:
    """The row and the text, shown once. A token that makes another (`maker`) gives no more than it has itself."""
    check_scopes(user, scopes, maker)
    if ApiToken.objects.usable().filter(user=user).count() >= MAX_USABLE:
        raise TokenNotIssued("", _("You have %(count)d tokens. Revoke one first.") % {"count": MAX_USABLE})
    return ApiToken.issue(user, name, sorted(set(scopes)), expiry(days, maker))


def check_scopes(user: User, scopes: list[str], maker: ApiToken | None) -> None:
    if not scopes:
        raise TokenNotIssued("scopes", _("Choose at least one scope."))
    if ApiToken.Scope.MODERATE in scopes and not user.is_staff:
        raise TokenNotIssued("scopes", _("Only staff can have the scope “moderate”."))
    if maker is not None and not set(scopes) <= set(maker.scopes):
        raise TokenNotIssued("scopes", _("A token can't give another one scopes that it lacks itself."))


def expiry(days: int, maker: ApiToken | None) -> datetime:
    asked = timezone.now() + timedelta(days=days)
    return min(asked, maker.expires_at) if maker else asked
