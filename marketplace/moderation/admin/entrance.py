"""The admin's own sign-in, slowed down for whoever guesses passwords."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core import ratelimit
from django.contrib import admin
from django.http import HttpRequest, HttpResponse

Login = Callable[..., HttpResponse]


def limited(login: Login) -> Login:
    @wraps(login)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        tried = request.POST.get("username", "").strip().lower()
        if request.method == "POST" and not ratelimit.consume(request, action="admin_login", key=tried):
            return ratelimit.respond_429(request)
        return login(request, *args, **kwargs)

    return view


admin.site.login = limited(admin.site.login)  # type: ignore[method-assign]
