from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from generation.views.pages import MemberRequest
from marketplace.accounts.models import User
from marketplace.purchases import receipts
from marketplace.purchases.access import own_purchase, purchase_for
from marketplace.purchases.models import Purchase


@login_required
@require_GET
def receipt(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row, language = settled(request.user, public_id), asked_language(request)
    others = [code for code in receipts.LANGUAGES if code != language]
    context = {"purchase": row, "receipt": receipts.of(row, language), "others": others}
    return render(request, "purchases/receipt.html", context)


@login_required
@require_GET
def receipt_file(request: MemberRequest, public_id: UUID) -> HttpResponse:
    return receipts.as_file(settled(request.user, public_id), asked_language(request))


@login_required
@require_POST
def receipt_again(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """By e-mail, to the buyer alone."""
    row = own_purchase(request.user, public_id)
    if row.state == Purchase.State.PENDING:
        raise Http404
    try:
        if receipts.send_again(row):
            messages.success(request, _("The receipt is on its way to %(email)s.") % {"email": row.buyer.email})
        else:
            messages.error(request, _("The receipt could not be sent. Download the PDF instead."))
    except receipts.TooManyLetters:
        messages.error(request, _("It was sent several times already. Wait an hour, or download the PDF."))
    return redirect("receipt", public_id)


def settled(user: User, public_id: UUID) -> Purchase:
    row = purchase_for(user, public_id)
    if row.state == Purchase.State.PENDING:
        raise Http404
    return row


def asked_language(request: MemberRequest) -> str:
    """The page's own, or the other one if asked for."""
    asked = request.GET.get("lang", "")
    return asked if asked in receipts.LANGUAGES else (get_language() or receipts.LANGUAGES[0])
