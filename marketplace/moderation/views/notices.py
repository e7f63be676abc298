"""Reporting a listing, and what came of it. Nobody needs an account for that."""

from uuid import UUID

from allauth.core import ratelimit
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from marketplace.accounts.models import User
from marketplace.listings.access import listings
from marketplace.listings.models import Listing

from .. import notices
from ..forms import ReportForm
from ..models import Notice


@never_cache
@require_http_methods(["GET", "POST"])
def listing_report(request: HttpRequest, public_id: UUID) -> HttpResponse:
    listing = reportable(public_id)
    person = request.user if isinstance(request.user, User) else None
    form = ReportForm(request.POST or None, member=person is not None)
    if form.is_valid():
        if not ratelimit.consume(request, action="report"):
            return ratelimit.respond_429(request)
        fields = form.cleaned_data | {"language": get_language() or "ko"}
        return redirect(notices.report(listing, fields.pop("kind"), reporter=person, **fields))
    context = {"form": form, "listing": listing, "version": listing.current}
    return render(request, "moderation/report.html", context, status=422 if form.is_bound else 200)


def reportable(public_id: UUID) -> Listing:
    """What is or was on sale: also what was sold and is not shown any more may infringe somebody's rights."""
    listing = listings().filter(public_id=public_id, published_at__isnull=False, current__isnull=False).first()
    if listing is None:
        raise Http404
    return listing


@never_cache
@require_GET
def notice(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Whoever has the address has the receipt: it can't be guessed. It tells nothing about who reported."""
    row = get_object_or_404(Notice.objects.select_related("listing__current", "same_as"), public_id=public_id)
    takedown = getattr(row.same_as or row, "takedown", None)
    context = {"notice": row, "version": row.listing.current, "takedown": takedown}
    return render(request, "moderation/notice.html", context)
