"""A seller's page, and the form that fills it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from generation.views.pages import MemberRequest, page_of

from .. import following, sellers
from ..seller_form import SellerProfileForm


@require_GET
def seller(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = sellers.seller_for(request.user, public_id)
    context = {
        "seller": row,
        "profile": sellers.profile_of(row),
        "standing": sellers.standing(row),
        "page": page_of(request, sellers.on_sale(row)),
        "mine": row.pk == request.user.pk,
        "followed": following.followed(request.user, row.pk),
    }
    return render(request, "listings/seller.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def seller_profile(request: MemberRequest) -> HttpResponse:
    # A row of its own: what is refused must not be shown as if it were saved.
    profile = sellers.profile_of(request.user)
    form = SellerProfileForm(request.POST or None, instance=profile)
    if form.is_valid():
        sellers.save(form.save(commit=False))
        messages.success(request, _("Saved."))
        return redirect("seller-profile")
    context = {"form": form, "profile": sellers.profile_of(request.user)}
    return render(request, "listings/seller_profile.html", context, status=422 if form.is_bound else 200)


urlpatterns = [
    path("sellers/<uuid:public_id>/", seller, name="seller"),
    path("studio/profile/", seller_profile, name="seller-profile"),
]
