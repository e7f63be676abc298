"""The files of a purchase: having a format made, and the signed links, which ask for no session."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from generation import formats
from generation.views.pages import MemberRequest
from marketplace.accounts.models import User
from marketplace.purchases import delivery, links, stopped
from marketplace.purchases.access import own_purchase, purchase_for, to_deliver
from marketplace.purchases.models import Purchase


@login_required
@require_http_methods(["GET", "POST"])
def purchase_formats(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """The part of the purchase's page; POST has the format `kind` made."""
    if request.method == "POST":
        return prepare(request, own_purchase(request.user, public_id))
    row = purchase_for(request.user, public_id)
    if "HX-Request" not in request.headers:
        return redirect("purchase", public_id)
    formats.keep_going(row.version.dataset)
    return render(request, "purchases/_formats.html", shown(request.user, row) | {"messages_here": True})


def shown(user: User, row: Purchase) -> dict[str, object]:
    """Staff see what there is; the buyer has it, unless something stands in the way."""
    why = stopped.why(row.version) if row.state == Purchase.State.PAID else ""
    linked = delivery.linked(row, user)
    return {"purchase": row, "formats": delivery.formats(row), "linked": linked, "stopped": why}


def prepare(request: MemberRequest, row: Purchase) -> HttpResponse:
    try:
        delivery.prepare(row, request.POST.get("kind", ""))
    except formats.NoRoom as reason:
        messages.error(request, str(reason))
    except delivery.NotDelivered as refused:
        messages.error(request, refused.message)
    except ValueError:
        raise Http404 from None
    return redirect("purchase-formats" if "HX-Request" in request.headers else "purchase", row.public_id)


@require_safe
def purchase_link(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """`name` is only for programs that name a file by its address."""
    try:
        link = links.read(token)
    except links.Altered:
        return refused(request, 404, "altered", _("This link is not whole, or was changed."))
    except links.Expired:
        return refused(request, 410, "expired", _("This link has expired. It lasts for a short time only."))
    row = to_deliver().filter(public_id=link.purchase).first()
    if row is None:
        return refused(request, 404, "altered", _("This link is not whole, or was changed."))
    if request.user.is_authenticated and request.user.pk != row.buyer_id:
        return refused(request, 403, "not_yours", _("This link belongs to another person's purchase."))
    try:
        return delivery.by_link(request, row, link)
    except delivery.NotDelivered as reason:
        return refused(request, 403, "not_delivered", reason.message)
    except IndexError:
        return refused(request, 404, "gone", _("This file is no longer part of the purchase."))


def refused(request: HttpRequest, status: int, code: str, text: str) -> HttpResponse:
    """A page for people; problem details (RFC 9457) for programs."""
    if request.get_preferred_type(["application/problem+json", "text/html"]) == "text/html":
        answer: HttpResponse = render(request, "purchases/link_refused.html", {"reason": text}, status=status)
    else:
        advice = _("Open your library for a new link.")
        title, detail = HTTPStatus(status).phrase, f"{text} {advice}"
        problem = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
        answer = JsonResponse(problem, status=status, content_type="application/problem+json")
    answer["Cache-Control"] = "no-store"
    return answer


urlpatterns = [
    path("library/<uuid:public_id>/formats/", purchase_formats, name="purchase-formats"),
    path("downloads/<str:token>/<str:name>", purchase_link, name="purchase-link"),
]
