from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from generation.views.pages import MemberRequest

from .. import acceptance
from ..forms import AcceptForm


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    context = {"version": settings.TERMS_VERSION, "since": settings.TERMS_SINCE, "fee": settings.PLATFORM_FEE_PERCENT}
    return render(request, "pages/terms.html", operator() | context)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    context = {"version": settings.PRIVACY_VERSION, "since": settings.PRIVACY_SINCE, "processors": settings.PROCESSORS}
    return render(request, "pages/privacy.html", operator() | context)


def operator() -> dict[str, object]:
    named = (settings.OPERATOR_NAME, settings.OPERATOR_ADDRESS, settings.CONTACT_EMAIL, settings.PRIVACY_OFFICER)
    name, address, contact, officer = named
    return {"operator": name, "address": address, "contact": contact, "officer": officer, "draft": not all(named)}


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def accept_terms(request: MemberRequest) -> HttpResponse:
    if request.user.accepts_present_terms:
        return acceptance.onward(request)
    form = AcceptForm(request.POST or None, prefix=acceptance.FIELDS)
    if not form.is_valid():
        context = acceptance.question(request, form)
        return render(request, "accounts/accept.html", context, status=422 if form.is_bound else 200)
    request.user.accept_present_terms()
    return acceptance.onward(request)
