"""New terms are asked for where something new begins; what was typed until then is kept and sent again."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import APIException

from .forms import AcceptForm

FIELDS = "accept"


class TermsOutdated(APIException):
    """Raised by the permission check itself, so that every page and every call ends in the same question."""

    status_code = status.HTTP_403_FORBIDDEN
    default_code = "terms_outdated"

    def __init__(self) -> None:
        page = settings.SITE_URL + reverse("accept-terms")
        detail = _("The terms or the privacy notice changed. Accept them at %(page)s, then send this again.")
        super().__init__(detail % {"page": page}, self.default_code)
        self.members = {"accept_at": page}


def ask(request: HttpRequest) -> HttpResponseBase:
    """Sends a reader to the question; puts it in front of a form on its way, with the form inside."""
    target = f"{reverse('accept-terms')}?{urlencode({'next': request.get_full_path()})}"
    if request.method in ("GET", "HEAD"):
        return redirect(target)
    context = question(request, None) | {"action": target}
    return render(request, "accounts/accept.html", context, status=403)


def question(request: HttpRequest, form: AcceptForm | None) -> dict[str, Any]:
    return {
        "form": form or AcceptForm(prefix=FIELDS),
        "kept": kept(request) if request.method == "POST" else [],
        "terms_version": settings.TERMS_VERSION,
        "privacy_version": settings.PRIVACY_VERSION,
    }


def kept(request: HttpRequest) -> list[tuple[str, str]]:
    ours = ("csrfmiddlewaretoken", f"{FIELDS}-terms", f"{FIELDS}-privacy", f"{FIELDS}-again")
    return [(name, value) for name, values in request.POST.lists() if name not in ours for value in values]


def onward(request: HttpRequest) -> HttpResponse:
    """Back to where the question came up. 307 makes the browser send the form that was kept once more."""
    target = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    response = redirect(target if safe else "studio")
    if safe and f"{FIELDS}-again" in request.POST:
        response.status_code = 307
    return response
