from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from generation.views.pages import MemberRequest

from .. import tokens
from ..forms import TokenForm
from ..models import ApiToken

NOTES = {
    ApiToken.Scope.READ: gettext_lazy(
        "Look at your source sets, jobs, datasets, listings and purchases. Changes nothing."
    ),
    ApiToken.Scope.GENERATE: gettext_lazy("Upload images, start and stop generation jobs, download your datasets."),
    ApiToken.Scope.SELL: gettext_lazy("Write listings, send them to review, withdraw them."),
    ApiToken.Scope.BUY: gettext_lazy("Buy datasets in your name and download what you bought."),
    ApiToken.Scope.ACCOUNT: gettext_lazy("Change your profile, make tokens and revoke them."),
    ApiToken.Scope.MODERATE: gettext_lazy("Decide about other people's listings."),
}
FIRST = {"scopes": [ApiToken.Scope.READ.value]}


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def token_list(request: MemberRequest) -> HttpResponse:
    """A new token's text is in the answer to the POST that made it, and nowhere else."""
    form = TokenForm(request.POST or None, user=request.user, initial=FIRST)
    text = ""
    if form.is_valid():
        given = form.cleaned_data
        try:
            _token, text = tokens.issue(request.user, given["name"], given["scopes"], given["expires_in_days"])
            form = TokenForm(user=request.user, initial=FIRST)
        except tokens.TokenNotIssued as refusal:
            form.add_error(refusal.field or None, refusal.message)
    context = page_of(request, form) | {"text": text}
    return render(request, "accounts/tokens.html", context, status=422 if form.is_bound else 200)


def page_of(request: MemberRequest, form: TokenForm) -> dict[str, object]:
    boxes = form["scopes"].subwidgets
    return {
        "form": form,
        "scopes": [{"box": box, "code": box.data["value"], "note": NOTES[box.data["value"]]} for box in boxes],
        "tokens": request.user.api_tokens.filter(revoked_at__isnull=True),
        "now": timezone.now(),
        "me_url": request.build_absolute_uri(reverse("api-me")),
    }


@login_required
@require_POST
def token_revoke(request: MemberRequest, public_id: UUID) -> HttpResponse:
    token = get_object_or_404(request.user.api_tokens, public_id=public_id)
    if token.revoke():
        messages.success(request, _("“%(name)s” no longer works.") % {"name": token.name})
    return redirect("token-list")
