import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from rest_framework.exceptions import AuthenticationFailed

from . import acceptance, idempotency
from .authentication import token_of
from .models import User

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class PersonalPreferences:
    """Shows times in the person's own time zone, and the admin in their language."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            timezone.activate(zoneinfo.ZoneInfo(request.user.time_zone))
            # Signing in to the site sets the language cookie; signing in to the admin does not.
            if request.path.startswith("/admin/") and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
                translation.activate(request.user.language)
                request.LANGUAGE_CODE = request.user.language
        else:
            timezone.deactivate()
        return self.get_response(request)


class PresentTerms:
    """Whoever begins something new under old terms is asked to accept the present ones first."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        return acceptance.ask(request) if isinstance(exception, acceptance.TermsOutdated) else None


class IdempotencyKeys:
    """A POST to the API with an Idempotency-Key has its effect once; repeated, it gets the same answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        key = idempotency.short(request.headers.get("Idempotency-Key", ""))
        user = self.caller(request) if key and self.applies(request) else None
        return self.once(request, user, key) if user else self.get_response(request)

    @staticmethod
    def applies(request: HttpRequest) -> bool:
        length = request.META.get("CONTENT_LENGTH") or "0"
        small = length.isdigit() and int(length) <= idempotency.MAX_BODY
        return request.method == "POST" and request.path.startswith("/api/v1/") and small

    @staticmethod
    def caller(request: HttpRequest) -> User | None:
        """The API authenticates inside the view, later than this; a bad token is left for it to refuse."""
        try:
            token = token_of(request)
        except AuthenticationFailed:
            return None
        if token:
            return token.user
        return request.user if isinstance(request.user, User) else None

    def once(self, request: HttpRequest, user: User, key: str) -> HttpResponseBase:
        sha256 = idempotency.fingerprint(request)
        row = idempotency.claim(user, key, sha256) or idempotency.claim_again(user, key, sha256)
        if row is None:
            return idempotency.repeated(user, key, sha256)
        try:
            response = self.get_response(request)
        except BaseException:
            row.delete()
            raise
        idempotency.keep(row, response)
        return response
