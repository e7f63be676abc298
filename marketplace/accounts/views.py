from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from generation.views.pages import MemberRequest

from . import tokens
from .adapter import remember_language
from .forms import ProfileForm, TokenForm


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: MemberRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if not form.is_valid():
        return render(request, "accounts/profile.html", {"form": form}, status=422 if form.is_bound else 200)
    user = form.save()
    with override(user.language):
        messages.success(request, _("Saved."))
    response = redirect("profile")
    remember_language(response, user.language)
    return response


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def token_list(request: MemberRequest) -> HttpResponse:
    """A new token's text is in the answer to the POST that made it, and nowhere else."""
    form = TokenForm(request.POST or None, user=request.user, initial={"scopes": ["read"]})
    text = ""
    if form.is_valid():
        given = form.cleaned_data
        try:
            _token, text = tokens.issue(request.user, given["name"], given["scopes"], given["expires_in_days"])
            form = TokenForm(user=request.user, initial={"scopes": ["read"]})
        except tokens.TokenNotIssued as refusal:
            form.add_error(refusal.field or None, refusal.message)
    rows = request.user.api_tokens.filter(revoked_at__isnull=True)
    context = {"form": form, "text": text, "tokens": rows, "now": timezone.now()}
    return render(request, "accounts/tokens.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def token_revoke(request: MemberRequest, public_id: UUID) -> HttpResponse:
    token = get_object_or_404(request.user.api_tokens, public_id=public_id)
    if token.revoke():
        messages.success(request, _("“%(name)s” no longer works.") % {"name": token.name})
    return redirect("token-list")


@require_GET
def terms(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/terms.html")


@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/privacy.html")
