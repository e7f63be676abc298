"""What a takedown asks of the seller, and offers to whoever bought."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from generation.views.pages import MemberRequest
from marketplace.purchases import refunds
from marketplace.purchases.access import own_purchases

from .. import takedowns
from ..forms import CounterForm
from ..models import Takedown


@login_required
@require_http_methods(["GET", "POST"])
def takedown(request: MemberRequest, number: int) -> HttpResponse:
    rows = Takedown.objects.select_related("notice", "listing__current", "decision")
    row = get_object_or_404(rows, pk=number, listing__seller=request.user)
    form = CounterForm(request.POST or None)
    if form.is_valid():
        try:
            takedowns.counter(row, request.user, form.cleaned_data["text"], form.cleaned_data["signature"])
            messages.success(request, _("Sent. Whoever reported it is told, with the date of the return."))
            return redirect("takedown", row.pk)
        except takedowns.TakedownRefused as refused:
            form.add_error(refused.field or None, refused.message)
    context = {"takedown": row, "version": row.listing.current, "form": form, "open": row.state == row.State.STOPPED}
    return render(request, "moderation/takedown.html", context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def takedown_refund(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Money back for what was bought and then taken down: an offer, and nobody has to take it."""
    purchase = own_purchases(request.user).filter(public_id=public_id).first()
    row = takedowns.down(purchase.version) if purchase else None
    if purchase is None or row is None:
        raise Http404
    if request.method == "POST":
        try:
            refunds.refund(purchase, "takedown", note=row.notice.number, asked_by=request.user)
            messages.success(request, _("The money is on its way back to you."))
        except refunds.RefundRefused as refused:
            messages.error(request, str(refused))
        return redirect("purchase", purchase.public_id)
    return render(request, "moderation/refund.html", {"purchase": purchase, "version": purchase.version})
