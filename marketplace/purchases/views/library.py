from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from generation.views.pages import MemberRequest, page_of
from marketplace.purchases import consent, delivery, payments, refunds
from marketplace.purchases.access import own_purchase, own_purchases, purchase_for, to_deliver
from marketplace.purchases.models import Purchase, Review
from marketplace.purchases.views.files import shown

State = Purchase.State
# From so many on, a library can be searched.
MANY = 8


@login_required
@require_GET
def library(request: MemberRequest) -> HttpResponse:
    everything = own_purchases(request.user).exclude(state=State.PENDING)
    words, state = request.GET.get("q", "").strip()[:100], request.GET.get("state", "")
    found = matching(everything, words, state)
    context = {
        "page": page_of(request, found),
        "unfinished": own_purchases(request.user).filter(state=State.PENDING)[:3],
        "searchable": bool(words or state) or everything.count() >= MANY,
        "words": words,
        "state": state,
        "states": [State.PAID, State.REFUNDED],
    }
    return render(request, "purchases/library.html", context)


def matching(rows: QuerySet[Purchase], words: str, state: str) -> QuerySet[Purchase]:
    """Each word somewhere in the title or the seller's name."""
    for word in words.replace("\0", "").split():
        rows = rows.filter(Q(version__title__icontains=word) | Q(version__listing__seller__name__icontains=word))
    return rows.filter(state=state) if state in (State.PAID, State.REFUNDED) else rows


@login_required
@require_GET
def purchase(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = purchase_for(request.user, public_id)
    mine = row.buyer_id == request.user.pk
    if row.state == State.PENDING:
        return waiting(request, row, mine)
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {
        **shown(request.user, row),
        "version": row.version,
        "mine": mine,
        "consent_needed": consent.needed(row),
        "consent_wording": consent.WORDING,
        "can_withdraw": mine and refunds.can_withdraw(row),
        "withdraw_until": refunds.withdraw_until(row),
        "review": Review.objects.filter(purchase=row).first(),
    }
    return render(request, "purchases/detail.html", context)


def waiting(request: MemberRequest, row: Purchase, mine: bool) -> HttpResponse:
    """Not paid, or not known to be. A script that asks again hears of it only once that has changed."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    page = payments.page_of(row) if mine else ""
    context = {"purchase": row, "version": row.version, "page": page, "mine": mine, "go": page and "pay" in request.GET}
    return render(request, "purchases/pending.html", context)


@login_required
@require_POST
def purchase_consent(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = own_purchase(request.user, public_id)
    if request.POST.get("delivery_consent") != "on":
        messages.error(request, _("Tick the box to begin the download. Until then you can withdraw."))
    else:
        consent.give(row)
    return redirect("purchase", public_id)


@login_required
@require_POST
def purchase_withdraw(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = own_purchase(request.user, public_id)
    try:
        refunds.withdraw(row, request.user)
        messages.success(request, _("You withdrew from the purchase. The whole price goes back the way it came."))
    except refunds.RefundRefused as refused:
        messages.error(request, refused.message)
    return redirect("purchase", public_id)


@login_required
@require_safe
def purchase_bundle(request: MemberRequest, public_id: UUID, number: int) -> HttpResponseBase:
    try:
        return delivery.deliver(request, purchase_for(request.user, public_id, to_deliver()), number)
    except delivery.NotDelivered as refused:
        messages.error(request, refused.message)
        return redirect("purchase", public_id)
    except IndexError:
        raise Http404 from None
