from contextlib import suppress
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from generation.views.pages import MemberRequest
from marketplace.purchases import payments
from marketplace.purchases.access import own_purchases
from marketplace.purchases.models import Purchase
from marketplace.purchases.providers import PROVIDERS
from marketplace.purchases.providers.interface import NotFromProvider, ProviderRefused, ProviderUnreachable


@csrf_exempt
@require_POST
def events(request: HttpRequest, provider: str) -> HttpResponse:
    """What a payment provider tells us. Once it is kept the answer is 200: what it says may be done later."""
    if provider not in PROVIDERS:
        raise Http404
    try:
        payments.receive(provider, request.body, request.headers)
    except NotFromProvider:
        return HttpResponse("The signature does not fit.", status=400, content_type="text/plain")
    return HttpResponse(status=200)


@login_required
@require_GET
def payment_return(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """The buyer comes back from the provider's page, maybe before its message does."""
    purchase = own_purchases(request.user).filter(public_id=public_id).first()
    if purchase is None:
        raise Http404
    if purchase.state == Purchase.State.PENDING and purchase.session:
        # Where nothing is heard the page says that it waits for the payment, and the sweeper asks again.
        with suppress(ProviderUnreachable, ProviderRefused, payments.Unmatched):
            payments.look(purchase)
    return redirect("purchase", public_id)
