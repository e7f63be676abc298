"""What everybody sees: datasets for sale, one of them, its free sample, the licences."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_safe

from generation import gallery
from generation.readings import read
from generation.views.pages import page_of

from .. import samples
from ..access import OffSale, listing_for, others_of_seller, version_for
from ..models import Licence, Listing, ListingVersion
from ..search import search
from ..search_form import SearchForm

OTHERS = 3
DAY = 86_400  # in seconds


@require_GET
def listing_list(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    page = page_of(request, search(**form.asked()))
    asked = bool(form.active) or "page" in request.GET or "sort" in request.GET
    context = {"form": form, "page": page, "asked": asked, "chips": form.chips()}
    return render(request, "listings/list.html", context)


@require_GET
def listing(request: HttpRequest, public_id: UUID) -> HttpResponse:
    try:
        row = listing_for(request.user, public_id)
    except OffSale as off:
        return off_sale(request, off.listing)
    on_sale = row.state == Listing.State.PUBLISHED
    version = row.current if on_sale and row.current else version_for(request.user, row)
    return render(request, "listings/detail.html", shown(request, row, version))


def off_sale(request: HttpRequest, row: Listing) -> HttpResponse:
    return render(request, "listings/off_sale.html", {"listing": row}, status=410)


def shown(request: HttpRequest, row: Listing, version: ListingVersion) -> dict[str, object]:
    return {
        "listing": row,
        "version": version,
        "dataset": version.dataset,
        "reading": read(version.dataset.report),
        "samples": samples.sample_indexes(version),
        "mine": row.seller_id == request.user.pk,
        "on_sale": row.state == Listing.State.PUBLISHED and row.current_id == version.pk,
        "others": others_of_seller(row, OTHERS),
    }


@require_safe
def listing_sample(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    version = version_for(request.user, listing_for(request.user, public_id))
    return samples.sample_response(request, version)


@require_GET
@cache_control(private=True, max_age=3600)
def listing_image(request: HttpRequest, public_id: UUID, index: int) -> HttpResponse:
    """Images of the free sample only: the others are what is for sale."""
    version = version_for(request.user, listing_for(request.user, public_id))
    if index not in samples.sample_indexes(version):
        raise Http404
    return HttpResponse(gallery.image_bytes(version.dataset, index), content_type="image/png")


@require_GET
@cache_control(private=True, max_age=DAY)
def listing_cover(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The same for every version: all are of one dataset."""
    version = version_for(request.user, listing_for(request.user, public_id))
    from .. import covers  # Pillow is loaded once somebody looks at pictures

    return HttpResponse(covers.cover(version), content_type="image/webp")


@require_GET
def licence_text(request: HttpRequest, code: str, version: str) -> HttpResponse:
    """Byte for byte what the hash on a purchase is of."""
    licence = get_object_or_404(Licence, code=code, version=version)
    return HttpResponse(licence.text.encode(), content_type="text/plain; charset=utf-8")
