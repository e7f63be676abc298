from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from generation.views.pages import MemberRequest
from marketplace.accounts.models import User

from .. import appeals, telling
from ..forms import AppealForm
from ..models import Decision, Suspension


@login_required
@require_http_methods(["GET", "POST"])
def appeal_new(request: MemberRequest, number: int) -> HttpResponse:
    """Against a decision about one of your own listings."""
    refusals = Decision.objects.filter(outcome__in=Decision.REFUSALS, version__listing__seller=request.user)
    decision = get_object_or_404(refusals.select_related("version__listing"), pk=number)
    return asked(request, decision, request.user)


@never_cache
@require_http_methods(["GET", "POST"])
def suspension_appeal(request: HttpRequest, number: int) -> HttpResponse:
    """Against a suspension of your own. Whoever can't sign in for it has a key in the letter."""
    suspension = get_object_or_404(Suspension.objects.select_related("user"), pk=number)
    by_key = telling.by_key(request.GET.get("key", "")) == suspension.pk
    if not by_key and request.user.pk != suspension.user_id:
        raise Http404
    return asked(request, suspension, suspension.user)


def asked(request: HttpRequest, about: Decision | Suspension, author: User) -> HttpResponse:
    form = AppealForm(request.POST or None)
    if form.is_valid():
        try:
            appeals.appeal(about, author, form.cleaned_data["text"])
            messages.success(request, _("Sent. Somebody else than who decided looks at it, and you hear of it."))
            return redirect(request.get_full_path())
        except appeals.AppealRefused as refused:
            form.add_error(refused.field or None, refused.message)
    context = {"form": form, "about": about, "appeal": getattr(about, "appeal", None)}
    context["decision" if isinstance(about, Decision) else "suspension"] = about
    return render(request, "moderation/appeal.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_GET
def suspensions(request: HttpRequest) -> HttpResponse:
    """What was taken from you, why, until when, and what you can do about it."""
    key = request.GET.get("key", "")
    rows = Suspension.objects.select_related("appeal")
    if isinstance(request.user, User):
        return page(request, list(rows.filter(user=request.user)), "")
    row = rows.filter(pk=telling.by_key(key) or 0).first()
    if row is None:
        raise Http404
    return page(request, [row], key)


def page(request: HttpRequest, rows: list[Suspension], key: str) -> HttpResponse:
    context = {"suspensions": rows, "key": key, "barred": False}
    return render(request, "moderation/suspensions.html", context)
