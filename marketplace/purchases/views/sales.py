"""What a seller sold: figures, the postings behind each, one sale, a table for spreadsheets."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from generation import notifications
from generation.views.pages import MemberRequest, page_of
from marketplace.purchases import ledger, payouts, sales, statements
from marketplace.purchases.sales_form import SalesForm, periods

NAMES = {
    "gross": _("Paid by buyers"),
    "fee": _("Fees and tax"),
    "refunded": _("Given back"),
    "net": _("Yours after fees"),
}


@login_required
@require_GET
def sales_list(request: MemberRequest) -> HttpResponse:
    form = SalesForm(request.GET)
    context = {"form": form, "periods": periods_of(request), "any": sales.of(request.user).exists()}
    if not form.is_valid():
        return render(request, "purchases/sales.html", context, status=422)
    sold = sales.of(request.user, **form.asked())
    page = page_of(request, sold)
    context |= {"page": page, "earnings": ledger.earnings_of(page), "totals": sales.totals(sold), "query": query(form)}
    context |= {"now": timezone.now(), "standings": standings(request, form)}
    return render(request, "purchases/sales.html", context)


def standings(request: MemberRequest, form: SalesForm) -> dict[str, payouts.Standing]:
    """What may be paid out now has nothing to do with a period."""
    found = {one.currency for one in request.user.ledger_accounts.filter(kind="seller")}
    only = form.cleaned_data["currency"]
    return {currency: payouts.of(request.user, currency) for currency in sorted(found) if only in ("", currency)}


def periods_of(request: MemberRequest) -> list[tuple[str, str, bool]]:
    """Name, address, and whether it is what is shown."""
    asked = {name: request.GET.get(name, "") for name in ("since", "until")}
    currency = request.GET.get("currency", "")
    shown = []
    for name, days in periods():
        here = asked == {"since": "", "until": ""} | days
        given = days | ({"currency": currency} if currency else {})
        shown.append((name, f"?{urlencode(given)}", here))
    return shown


def query(form: SalesForm) -> str:
    """The period and currency for other addresses."""
    return urlencode({name: value for name, value in form.cleaned_data.items() if value})


@login_required
@require_GET
def sales_csv(request: MemberRequest) -> HttpResponse:
    form = SalesForm(request.GET)
    if not form.is_valid():
        return render(request, "purchases/sales.html", {"form": form, "periods": periods_of(request)}, status=422)
    text = statements.as_csv(sales.of(request.user, **form.asked()))
    name = f"ganerate-sales-{timezone.localdate():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text.encode(), content_type="text/csv; charset=utf-8", headers=headers)


@login_required
@require_GET
def sales_postings(request: MemberRequest, figure: str) -> HttpResponse:
    """What a figure is the sum of, in one currency."""
    form = SalesForm(request.GET)
    if figure not in sales.FIGURES or not form.is_valid() or not form.cleaned_data["currency"]:
        raise Http404
    sold = sales.of(request.user, **form.asked())
    total = sum(getattr(one, figure) for one in sales.totals(sold))
    page = page_of(request, sales.postings_behind(figure, sold), 100)
    context = {"name": NAMES[figure], "page": page, "total": total, "currency": form.cleaned_data["currency"]}
    return render(request, "purchases/sales_postings.html", context | {"form": form, "query": query(form)})


@login_required
@require_GET
def sale(request: MemberRequest, public_id: UUID) -> HttpResponse:
    purchase = sales.sale_of(request.user, public_id)
    notifications.seen_at(request.user.pk, request.path)
    (earning,) = ledger.earnings_of([purchase])
    context = {
        "purchase": purchase,
        "version": purchase.version,
        "earning": earning,
        "fees_back": purchase.price - purchase.earned - earning.fee,
        "postings": ledger.postings_of(purchase),
        "refunds": purchase.refunds.all(),
        "now": timezone.now(),
    }
    return render(request, "purchases/sale.html", context)


urlpatterns = [
    path("studio/sales/", sales_list, name="sales"),
    path("studio/sales/table.csv", sales_csv, name="sales-csv"),
    path("studio/sales/postings/<slug:figure>/", sales_postings, name="sales-postings"),
    path("studio/sales/<uuid:public_id>/", sale, name="sale"),
]
