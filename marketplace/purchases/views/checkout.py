from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from generation.views.pages import MemberRequest
from marketplace.accounts.models import User
from marketplace.listings.access import OffSale, listing_for
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.sellers import profile_of
from marketplace.listings.views.listing import off_sale
from marketplace.purchases import checkout as buying
from marketplace.purchases import consent, payments
from marketplace.purchases.access import own_purchase
from marketplace.purchases.forms import CheckoutForm
from marketplace.purchases.models import Purchase

State = Purchase.State


@login_required
@permission_required("purchases.add_purchase", raise_exception=True)
@require_http_methods(["GET", "POST"])
def checkout(request: MemberRequest, public_id: UUID) -> HttpResponse:
    try:
        listing = listing_for(request.user, public_id)
    except OffSale as off:
        return off_sale(request, off.listing)
    version = listing.current
    if version is None:
        raise Http404
    form = CheckoutForm(request.POST or None, version=version)
    stale = form.is_stale
    if stale:
        form = CheckoutForm(version=version)
    if form.is_valid():
        try:
            return paying(buy(request, version, form))
        except buying.CheckoutRefused as refusal:
            if refusal.purchase is not None:
                messages.info(request, refusal.message)
                return redirect("purchase", refusal.purchase.public_id)
            form.add_error(None, refusal.message)
    context = {
        "form": form,
        "listing": listing,
        "version": version,
        "stale": stale,
        "owned": buying.owned_purchase(request.user, version),
        "waiting": waiting_for(request.user, version),
        "earlier": earlier(request.user, version),
        "mine": listing.seller_id == request.user.pk,
        "profile": profile_of(listing.seller),
    }
    return render(request, "purchases/checkout.html", context, status=409 if stale else 422 if form.is_bound else 200)


def waiting_for(buyer: User, version: ListingVersion) -> Purchase | None:
    """Begun and not paid."""
    return Purchase.objects.filter(buyer=buyer, version=version, state=State.PENDING).first()


def earlier(buyer: User, version: ListingVersion) -> Purchase | None:
    """The newest other version of the same listing that the buyer has."""
    paid = Purchase.objects.filter(buyer=buyer, version__listing=version.listing_id, state=State.PAID)
    return paid.exclude(version=version).select_related("version").order_by("-version__number").first()


def buy(request: MemberRequest, version: ListingVersion, form: CheckoutForm) -> Purchase:
    """What was begun in another tab or before a reload is gone on with, so that nothing is paid for twice."""
    key = f"page-{form.cleaned_data['attempt_key']}"
    waiting = waiting_for(request.user, version)
    known = Purchase.objects.filter(buyer=request.user, attempt_key=key).exists()
    agreed = form.cleaned_data.get("delivery_consent", False)
    if waiting is not None:
        consent.restate(waiting, agreed)
    return buying.buy(
        request.user,
        version,
        key if known or waiting is None else waiting.attempt_key,
        licence_accepted=True,
        delivery_consent=agreed,
    )


def paying(purchase: Purchase) -> HttpResponse:
    """To the purchase's page, which sends on to the provider's: no form of ours may lead to another site."""
    waits = "?pay" if payments.page_of(purchase) else ""
    return redirect(reverse("purchase", args=[purchase.public_id]) + waits)


@login_required
@require_POST
def purchase_pay(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Once more, or on: the same attempt, so that whatever was paid already counts."""
    purchase = own_purchase(request.user, public_id)
    if purchase.state != State.PENDING:
        return redirect("purchase", public_id)
    if not on_sale(purchase.version):
        messages.error(request, _("This version is no longer on sale. Nothing was charged."))
        return redirect("purchase", public_id)
    try:
        purchase = buying.buy(request.user, purchase.version, purchase.attempt_key, licence_accepted=True)
    except buying.CheckoutRefused as refusal:
        messages.error(request, refusal.message)
        return redirect("purchase", refusal.purchase.public_id if refusal.purchase else public_id)
    return paying(purchase)


def on_sale(version: ListingVersion) -> bool:
    return version.listing.state == Listing.State.PUBLISHED and version.listing.current_id == version.pk
