"""What everybody sees: datasets for sale, their covers, the licences."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from .. import search, search_form, shelf
from ..access import listing_for, version_for
from ..models import Licence

PAGE = 24
DAY = 86_400  # in seconds


@require_GET
def listing_list(request: HttpRequest) -> HttpResponse:
    asked = search_form.asked(request.GET)
    found = search.find(asked)
    place, back = search_form.place(request.GET)
    page = search.page(found, PAGE, place, back=back)
    return render(request, "listings/list.html", shelf.context(found, page) | {"begun": bool(asked.address or place)})


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
    if "\0" in version:
        raise Http404  # PostgreSQL has no such text to compare with
    licence = get_object_or_404(Licence, code=code, version=version)
    return HttpResponse(licence.text.encode(), content_type="text/plain; charset=utf-8")
