"""Signing in, by whichever door, while it is suspended: the person is shown out, and told why and until when."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from marketplace.accounts.models import User

from . import telling
from .models import Suspension
from .suspensions import may_not_sign_in


class SignInSuspended(Exception):
    def __init__(self, suspension: Suspension) -> None:
        super().__init__(str(suspension))
        self.suspension = suspension


def refuse(sender: object, request: HttpRequest, user: Any, **kwargs: object) -> None:
    """Django tells of every sign-in, whoever made it: the site's page, the admin's, a link in a letter."""
    suspension = may_not_sign_in(user) if isinstance(user, User) else None
    if suspension is not None:
        request.session.flush()
        raise SignInSuspended(suspension)


class SuspendedPeople:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        if not isinstance(exception, SignInSuspended):
            return None
        row = exception.suspension
        context = {"suspensions": [row], "key": telling.key(row), "barred": True}
        return render(request, "moderation/suspensions.html", context, status=403)
