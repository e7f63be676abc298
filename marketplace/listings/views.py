from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from generation import gallery
from generation.access import visible
from generation.models import Dataset
from generation.readings import read
from generation.views.pages import MemberRequest, page_of

from . import drafts, samples
from .access import listing_for, own_listing, version_for
from .forms import ListingForm, SearchForm
from .models import Listing, ListingVersion
from .search import search

ON_CARD = 8


@require_GET
def listing_list(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    page = page_of(request, search(**form.asked()))
    cards = [(listing, sampled(listing.current)[:ON_CARD]) for listing in page]
    asked = any(request.GET.get(name) for name in ("q", "resolution", "labelled", "page"))
    context = {"form": form if asked else SearchForm(), "page": page, "cards": cards, "asked": asked}
    return render(request, "listings/list.html", context)


def sampled(version: ListingVersion | None) -> list[int]:
    return samples.sample_indexes(version) if version else []


@require_GET
def listing(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = listing_for(request.user, public_id)
    version = version_for(request.user, row)
    return render(request, "listings/detail.html", shown(request, row, version))


def shown(request: HttpRequest, row: Listing, version: ListingVersion) -> dict[str, object]:
    return {
        "listing": row,
        "version": version,
        "dataset": version.dataset,
        "reading": read(version.dataset.report),
        "samples": sampled(version),
        "mine": row.seller_id == request.user.pk,
        "on_sale": row.state == Listing.State.PUBLISHED and row.current_id == version.pk,
    }


@require_GET
def listing_sample(request: HttpRequest, public_id: UUID) -> HttpResponse:
    version = version_for(request.user, listing_for(request.user, public_id))
    name = f"sample-{public_id}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(samples.sample_zip(version), content_type="application/zip", headers=headers)


@require_GET
@cache_control(private=True, max_age=3600)
def listing_image(request: HttpRequest, public_id: UUID, index: int) -> HttpResponse:
    """Images of the free sample only: the others are what is for sale."""
    version = version_for(request.user, listing_for(request.user, public_id))
    if index not in sampled(version):
        raise Http404
    return HttpResponse(gallery.image_bytes(version.dataset, index), content_type="image/png")


@login_required
@require_GET
def studio_listings(request: MemberRequest) -> HttpResponse:
    rows = Listing.objects.filter(seller=request.user).prefetch_related("versions__dataset")
    return render(request, "listings/mine.html", {"page": page_of(request, rows)})


@login_required
@permission_required("listings.add_listing", raise_exception=True)
@require_http_methods(["GET", "POST"])
def listing_new(request: MemberRequest, public_id: UUID) -> HttpResponse:
    dataset = get_object_or_404(visible(Dataset.objects.all(), request.user), public_id=public_id)
    form = ListingForm(request.POST or None, initial={"title": dataset.name, "currency": "KRW"})
    if form.is_valid():
        try:
            row = drafts.create(request.user, dataset, **form.offer())
            return redirect("listing-edit", row.public_id)
        except drafts.ListingRefused as refusal:
            form.refuse(refusal.field, refusal.message)
    context = {"form": form, "dataset": dataset}
    return render(request, "listings/edit.html", context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def listing_edit(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = own_listing(request.user, public_id)
    version = version_for(request.user, row)
    form = ListingForm(request.POST or None, initial=ListingForm.values(version))
    if form.is_valid():
        try:
            drafts.edit(row, updated_at=form.cleaned_data["updated_at"], **form.offer())
            messages.success(request, _("Saved."))
            return redirect("listing-edit", row.public_id)
        except drafts.ListingRefused as refusal:
            form.refuse(refusal.field, refusal.message)
    context = shown(request, row, version) | {"form": form, "decision": version.decisions.first()}
    return render(request, "listings/edit.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def listing_submit(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = own_listing(request.user, public_id)
    try:
        if drafts.submit(row):
            messages.success(request, _("Submitted. Staff look at it before it goes on sale."))
        else:
            messages.info(request, _("It is in review already."))
    except drafts.ListingRefused as refusal:
        messages.error(request, refusal.message)
    return redirect("listing-edit", row.public_id)


@login_required
@require_POST
def listing_withdraw(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = own_listing(request.user, public_id)
    if drafts.withdraw(row):
        messages.success(request, _("Withdrawn. Whoever bought it keeps it."))
    return redirect("listing-edit", row.public_id)
