import secrets
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from generation.readings import read
from generation.views.pages import MemberRequest, page_of
from marketplace.listings.access import OffSale, listing_for
from marketplace.listings.views.shelf import off_sale

from . import checkout as buying
from . import delivery, overview
from .access import own_purchases, purchase_for
from .forms import CheckoutForm
from .models import Purchase


@login_required
@permission_required("purchases.add_purchase", raise_exception=True)
@require_http_methods(["GET", "POST"])
def checkout(request: MemberRequest, public_id: UUID) -> HttpResponse:
    try:
        listing = listing_for(request.user, public_id)
    except OffSale as off:
        return off_sale(request, off.listing)
    if listing.current is None:
        raise Http404
    form = CheckoutForm(request.POST or None, initial={"attempt_key": secrets.token_urlsafe(16)})
    if form.is_valid():
        try:
            key = f"page-{form.cleaned_data['attempt_key']}"
            return redirect("purchase", buying.buy(request.user, listing.current, key, licence_accepted=True).public_id)
        except buying.CheckoutRefused as refusal:
            if refusal.purchase is not None:
                messages.info(request, refusal.message)
                return redirect("purchase", refusal.purchase.public_id)
            form.add_error(None, refusal.message)
    context = {
        "form": form,
        "listing": listing,
        "version": listing.current,
        "owned": buying.owned_purchase(request.user, listing.current),
        "mine": listing.seller_id == request.user.pk,
        "reading": read(listing.current.dataset.report),
    }
    return render(request, "purchases/checkout.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def library(request: MemberRequest) -> HttpResponse:
    page = page_of(request, own_purchases(request.user).exclude(state=Purchase.State.PENDING))
    return render(request, "purchases/library.html", {"page": page})


@login_required
@require_GET
def purchase(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = purchase_for(request.user, public_id)
    parts = delivery.bundles(row) if row.state == Purchase.State.PAID else []
    return render(request, "purchases/detail.html", {"purchase": row, "version": row.version, "bundles": parts})


@login_required
@require_GET
def receipt(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """For printing. What it says was frozen when it was bought."""
    row = purchase_for(request.user, public_id)
    if row.state == Purchase.State.PENDING:
        raise Http404
    return render(request, "purchases/receipt.html", {"purchase": row, "version": row.version})


@login_required
@require_safe
def purchase_bundle(request: MemberRequest, public_id: UUID, number: int) -> HttpResponseBase:
    try:
        return delivery.deliver(request, purchase_for(request.user, public_id), number)
    except delivery.NotDelivered as refused:
        messages.error(request, refused.message)
        return redirect("purchase", public_id)
    except IndexError:
        raise Http404 from None


@login_required
@require_GET
def studio(request: MemberRequest) -> HttpResponse:
    return render(request, "purchases/studio.html", overview.of(request.user))
