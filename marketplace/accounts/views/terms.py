from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from generation.views.pages import MemberRequest

from .. import acceptance
from ..forms import AcceptForm


@require_GET
def terms(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/terms.html", of_the_site() | {"version": settings.TERMS_VERSION})


@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/privacy.html", of_the_site() | {"version": settings.PRIVACY_VERSION})


def of_the_site() -> dict[str, object]:
    return {
        "operator": settings.OPERATOR_NAME,
        "contact": settings.CONTACT_EMAIL,
        "fee": settings.PLATFORM_FEE_PERCENT,
        "s3": bool(settings.S3_BUCKET),
    }


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def accept_terms(request: MemberRequest) -> HttpResponse:
    form = AcceptForm(request.POST or None, prefix=acceptance.FIELDS)
    if not form.is_valid():
        context = acceptance.question(request, form)
        return render(request, "accounts/accept.html", context, status=422 if form.is_bound else 200)
    request.user.accept_present_terms()
    return acceptance.onward(request)
