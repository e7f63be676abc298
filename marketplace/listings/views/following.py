"""Wish list and followed sellers, with and without scripts."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from generation.views.pages import MemberRequest, page_of

from .. import following


@login_required
@require_GET
def wishes(request: MemberRequest) -> HttpResponse:
    return render(request, "listings/wishes.html", {"page": page_of(request, following.wishes_of(request.user))})


@login_required
@require_POST
def wish(request: MemberRequest, public_id: UUID) -> HttpResponse:
    wanted = request.POST.get("wanted") == "1"
    listing = following.wish(request.user, public_id, wanted)
    context = {"listing": listing, "wished": following.wished(request.user, listing)}
    return answer(request, "listings/_wish.html", context, reverse("wishes"))


@login_required
@require_GET
def followed_sellers(request: MemberRequest) -> HttpResponse:
    return render(request, "listings/followed.html", {"page": page_of(request, following.sellers_of(request.user))})


@login_required
@require_POST
def follow(request: MemberRequest, public_id: UUID) -> HttpResponse:
    wanted = request.POST.get("wanted") == "1"
    seller = following.follow(request.user, public_id, wanted)
    context = {"seller": seller, "followed": wanted}
    return answer(request, "listings/_follow.html", context, reverse("followed-sellers"))


def answer(request: MemberRequest, fragment: str, context: dict[str, Any], otherwise: str) -> HttpResponse:
    """The changed button to a script, the page that it stands on to a browser without."""
    if request.headers.get("HX-Request"):
        return render(request, fragment, context)
    back = request.POST.get("next", "")
    own = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    return redirect(back if own else otherwise)
