"""The page of one dataset for sale, and what goes with it: pictures, free sample, card."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_safe

from generation.readings import read

from .. import bands, cards, following, samples
from ..access import OffSale, listing_for, others_of_seller, version_for, versions_sold
from ..models import Listing, ListingVersion
from ..sellers import profile_of

OTHERS = 3
DAY = 86_400  # in seconds


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
    report = version.dataset.report
    quality, copying = bands.quality_band(report), bands.copy_band(report)
    return {
        "listing": row,
        "version": version,
        "dataset": version.dataset,
        "reading": read(report),
        "quality": {"band": quality, "words": bands.QUALITY[quality]},
        "copying": {"band": copying, "words": bands.COPIES[copying]},
        "grid": grid_indexes(version),
        "sample_size": min(samples.SAMPLE_SIZE, version.dataset.count),
        "versions": versions_sold(row),
        "seller": row.seller,
        "profile": profile_of(row.seller),
        "mine": row.seller_id == request.user.pk,
        "wished": following.wished(request.user, row),
        "followed": following.followed(request.user, row.seller_id),
        "on_sale": row.state == Listing.State.PUBLISHED and row.current_id == version.pk,
        "others": others_of_seller(row, OTHERS),
    }


def grid_indexes(version: ListingVersion) -> list[int]:
    return samples.drawn(version, samples.SHOWN)


@require_safe
def listing_sample(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    version = version_for(request.user, listing_for(request.user, public_id))
    return samples.sample_response(request, version)


@require_safe
@cache_control(private=True, max_age=DAY)
def listing_image(request: HttpRequest, public_id: UUID, index: int) -> HttpResponseBase:
    """Small and marked, of the draw that the page shows: the others are what is for sale."""
    version = version_for(request.user, listing_for(request.user, public_id))
    if index not in grid_indexes(version):
        raise Http404
    from .. import grid  # Pillow is loaded once somebody looks at pictures

    tag = grid.tag(version, index)
    unchanged = get_conditional_response(request, tag)
    response = unchanged or HttpResponse(grid.picture(version, index), content_type="image/webp")
    response.headers["ETag"] = tag
    return response


@require_GET
def listing_card(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The description that lies in the bundle as README.md."""
    version = version_for(request.user, listing_for(request.user, public_id))
    return HttpResponse(cards.card(version), content_type="text/markdown; charset=utf-8")


@require_GET
def listing_croissant(request: HttpRequest, public_id: UUID) -> JsonResponse:
    """The same for machines."""
    version = version_for(request.user, listing_for(request.user, public_id))
    return JsonResponse(cards.croissant(version), json_dumps_params={"ensure_ascii": False, "indent": 2})
