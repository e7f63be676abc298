from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from generation.views.pages import MemberRequest

from ..adapter import remember_language
from ..forms import ProfileForm
from ..models import User


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def profile(request: MemberRequest) -> HttpResponse:
    # A row of its own: what is refused must not appear in the header as if it were saved.
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if not form.is_valid():
        address = EmailAddress.objects.filter(user=request.user, email__iexact=request.user.email).first()
        context = {"form": form, "address": address}
        return render(request, "accounts/profile.html", context, status=422 if form.is_bound else 200)
    user = form.save()
    with override(user.language):
        messages.success(request, _("Saved."))
    response = redirect("profile")
    remember_language(response, user.language)
    return response
