"""What a seller is paid out, what waits and why, and the accounts it goes to."""

from typing import Any
from uuid import UUID

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from generation import notifications
from generation.views.pages import MemberRequest, page_of
from marketplace.listings.models import MINOR_DIGITS
from marketplace.purchases import payout_accounts, payouts
from marketplace.purchases.account_form import PayoutAccountForm
from marketplace.purchases.models import Account, Payout, PayoutLine


@login_required
@require_GET
def payout_list(request: MemberRequest) -> HttpResponse:
    notifications.seen_at(request.user.pk, request.path)
    mine = Payout.objects.filter(seller=request.user).select_related("account")
    context = {"page": page_of(request, mine), "pots": pots(request.user)}
    return render(request, "purchases/payouts.html", context)


def pots(seller: Any) -> list[dict[str, Any]]:  # Any: a member; what the template shows
    """One for each currency that there is money or an account in; both where there is neither yet."""
    accounts, earned = payout_accounts.by_currency(seller), earned_in(seller)
    used = earned | set(accounts)
    return [
        {
            "currency": currency,
            "account": accounts.get(currency),
            "earned": currency in earned,
            "standing": payouts.of(seller, currency),
        }
        for currency in MINOR_DIGITS
        if currency in used or not used
    ]


def earned_in(seller: Any) -> set[str]:  # Any: a member
    return set(Account.objects.filter(kind=Account.Kind.SELLER, owner=seller).values_list("currency", flat=True))


@login_required
@require_GET
def payout(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = get_object_or_404(Payout.objects.select_related("account"), seller=request.user, public_id=public_id)
    lines = PayoutLine.objects.filter(payout=row).select_related("posting__purchase__version", "posting__target")
    return render(request, "purchases/payout.html", {"payout": row, "page": page_of(request, lines, 100)})


NAMES = {
    "payable": gettext_lazy("Can be paid out now"),
    "not_yet": gettext_lazy("Sold too short ago"),
    "held": gettext_lazy("On hold"),
}


@login_required
@require_GET
def payout_postings(request: MemberRequest, currency: str, pot: str) -> HttpResponse:
    """What a figure of the balance is the sum of, and when each of it may be paid out."""
    if currency not in earned_in(request.user) or pot not in NAMES:
        raise Http404
    context = {
        "name": NAMES[pot],
        "page": page_of(request, payouts.behind(request.user, currency, pot), 100),
        "total": getattr(payouts.of(request.user, currency), pot),
        "currency": currency,
        "pot": pot,
    }
    return render(request, "purchases/sales_postings.html", context)


@sensitive_post_parameters("password", "number")
@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def payout_account(request: MemberRequest, currency: str) -> HttpResponse:
    if currency not in MINOR_DIGITS:
        raise Http404
    account = payout_accounts.by_currency(request.user).get(currency)
    if request.method == "POST" and (too_often := ratelimit.consume_or_429(request, action="reauthenticate")):
        return too_often
    first = {"bank": account.bank, "holder": account.holder} if account else {"holder": request.user.name}
    form = PayoutAccountForm(request.POST or None, user=request.user, initial=first)
    if form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("bank", "holder", "number")}
        payout_accounts.save(request.user, currency, **given)
        messages.success(request, _("Saved. Staff verify the account before anything is paid to it."))
        return redirect("payouts")
    context = {"form": form, "account": account, "currency": currency}
    return render(request, "purchases/payout_account.html", context, status=422 if form.is_bound else 200)


urlpatterns = [
    path("studio/payouts/", payout_list, name="payouts"),
    path("studio/payouts/<uuid:public_id>/", payout, name="payout"),
    path("studio/payouts/account/<str:currency>/", payout_account, name="payout-account"),
    path("studio/payouts/<str:currency>/<slug:pot>/", payout_postings, name="payout-postings"),
]
