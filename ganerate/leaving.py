"""Taking one's data along, and closing the account."""

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from generation.views.pages import MemberRequest
from marketplace.accounts.forms import CloseForm
from marketplace.purchases import ledger

from . import privacy


@login_required
@never_cache
@require_safe
def own_data(request: MemberRequest) -> HttpResponse:
    return page(request, form_for(request))


@login_required
@never_cache
@require_safe
def export(request: MemberRequest) -> HttpResponse:
    name = f"ganerate-{timezone.localdate():%Y-%m-%d}.json"
    options = {"ensure_ascii": False, "indent": 1}
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JsonResponse(privacy.export_for(request.user), json_dumps_params=options, headers=headers)


@sensitive_post_parameters("password")
@login_required
@never_cache
@require_POST
def close(request: MemberRequest) -> HttpResponse:
    too_often = ratelimit.consume_or_429(request, action="reauthenticate")
    if too_often:
        return too_often
    form = form_for(request)
    if not form.is_valid():
        return page(request, form, status=422)
    privacy.erase(request.user)
    logout(request)
    messages.success(request, _("Your account is closed and your personal data is erased."))
    return redirect("listing-list")


def form_for(request: MemberRequest) -> CloseForm:
    data = request.POST if request.method == "POST" else None
    return CloseForm(data, user=request.user, earnings=bool(ledger.earnings(request.user)))


def page(request: MemberRequest, form: CloseForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "earnings": ledger.earnings(request.user), "contact": settings.CONTACT_EMAIL}
    return render(request, "accounts/data.html", context, status=status)
