from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_safe

from generation import bundles, gallery
from generation.access import dataset_for, visible
from generation.downloads import bundle_response
from generation.models import Dataset, DatasetFile
from generation.readings import read

from .pages import page_of

GALLERY_PAGE = 60


@login_required
@require_GET
def dataset_list(request: HttpRequest) -> HttpResponse:
    return render(
        request, "datasets/list.html", {"page": page_of(request, visible(Dataset.objects.all(), request.user))}
    )


@login_required
@require_GET
def dataset(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = dataset_for(request.user, public_id)
    context = {
        "dataset": row,
        "reading": read(row.report),
        "bundles": bundles.owner_bundles(row),
        "sheet": row.files.filter(kind=DatasetFile.Kind.CONTACT_SHEET).exists(),
        "page": gallery_page(request, row),
        "mine": row.owner_id == request.user.pk,
    }
    return render(
        request,
        "datasets/_gallery.html" if request.headers.get("HX-Target") == "gallery" else "datasets/detail.html",
        context,
    )


def gallery_page(request: HttpRequest, row: Dataset) -> Page[int]:
    return Paginator(range(row.count), GALLERY_PAGE).get_page(request.GET.get("page"))


@login_required
@require_GET
def dataset_image(request: HttpRequest, public_id: UUID, index: int) -> HttpResponse:
    row = dataset_for(request.user, public_id)
    refuse_outside(row, index)
    context = {
        "dataset": row,
        "index": index,
        "entry": gallery.entry(row, index),
        "previous": index - 1 if index > 0 else None,
        "next": index + 1 if index + 1 < row.count else None,
        "gallery_page": index // GALLERY_PAGE + 1,
    }
    return render(request, "datasets/image.html", context)


@login_required
@require_GET
@cache_control(private=True, max_age=86400, immutable=True)
def dataset_image_file(request: HttpRequest, public_id: UUID, index: int) -> HttpResponse:
    row = dataset_for(request.user, public_id)
    refuse_outside(row, index)
    return HttpResponse(gallery.image_bytes(row, index), content_type="image/png")


def refuse_outside(row: Dataset, index: int) -> None:
    if not 0 <= index < row.count:
        raise Http404


@login_required
@require_GET
@cache_control(private=True, max_age=86400, immutable=True)
def dataset_sheet(request: HttpRequest, public_id: UUID) -> HttpResponse:
    try:
        png = gallery.contact_sheet(dataset_for(request.user, public_id))
    except DatasetFile.DoesNotExist:
        raise Http404 from None
    return HttpResponse(png, content_type="image/png")


@login_required
@require_safe
def dataset_bundle(request: HttpRequest, public_id: UUID, number: int) -> HttpResponseBase:
    parts = bundles.owner_bundles(dataset_for(request.user, public_id))
    if not 1 <= number <= len(parts):
        raise Http404
    return bundle_response(request, parts[number - 1])


urlpatterns = [
    path("studio/datasets/", dataset_list, name="dataset-list"),
    path("studio/datasets/<uuid:public_id>/", dataset, name="dataset"),
    path("studio/datasets/<uuid:public_id>/sheet/", dataset_sheet, name="dataset-sheet"),
    path("studio/datasets/<uuid:public_id>/images/<int:index>/", dataset_image, name="dataset-image"),
    path("studio/datasets/<uuid:public_id>/images/<int:index>/file/", dataset_image_file, name="dataset-image-file"),
    path("studio/datasets/<uuid:public_id>/bundles/<int:number>/", dataset_bundle, name="dataset-bundle"),
]
