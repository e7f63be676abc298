from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from generation import bundles, comparisons, gallery, nearest, refinements, removal
from generation.access import dataset_for, own_dataset
from generation.downloads import bundle_response
from generation.forms import DatasetNameForm
from generation.models import Dataset, DatasetFile, Refinement
from generation.readings import read

from . import curation

GALLERY_PAGE = 60


@login_required
@require_http_methods(["GET", "POST"])
def dataset(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The page; its gallery alone for htmx; and the target of the form that renames it."""
    if request.method == "POST":
        return rename(request, own_dataset(request.user, public_id))
    row = dataset_for(request.user, public_id)
    if request.headers.get("HX-Target") == "gallery":
        return render(request, "datasets/_gallery.html", leaves(request, row))
    return page(request, row, DatasetNameForm(instance=row))


def rename(request: HttpRequest, row: Dataset) -> HttpResponse:
    form = DatasetNameForm(request.POST, instance=Dataset.objects.get(pk=row.pk))
    if form.is_valid():
        return redirect(form.save())
    return page(request, row, form)


def page(request: HttpRequest, row: Dataset, form: DatasetNameForm) -> HttpResponse:
    refinement = refinements.of(row.job)
    context = leaves(request, row) | {
        "reading": read(row.report),
        "nearest": nearest.of_dataset(row),
        "bundles": bundles.owner_bundles(row),
        "sheet": row.files.filter(kind=DatasetFile.Kind.CONTACT_SHEET).exists(),
        "form": form,
        "mine": row.owner_id == request.user.pk,
        "refinement": refinement,
        "comparison": compared(refinement, row) if refinement else [],
        "refined_into": Dataset.objects.filter(job__refinement__dataset=row),
    }
    return render(request, "datasets/detail.html", context, status=422 if form.is_bound else 200)


def compared(refinement: Refinement, row: Dataset) -> list[comparisons.Row]:
    measured = comparisons.by_measures(refinement.dataset, row)
    return measured + comparisons.compared(refinement.before, row.report)


def leaves(request: HttpRequest, row: Dataset) -> dict[str, object]:
    """One page of the gallery, of one label if one is chosen."""
    label = request.GET.get("label", "")
    chosen = label if label in row.labels else None
    numbers = range(row.count) if chosen is None else gallery.places(row, chosen)
    return {
        "dataset": row,
        "label": chosen,
        "page": Paginator(numbers, GALLERY_PAGE).get_page(request.GET.get("page")),
    }


@login_required
@require_POST
def dataset_delete(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = own_dataset(request.user, public_id)
    try:
        freed = removal.delete(row)
    except removal.DatasetKept as reason:
        messages.error(request, str(reason))
        return redirect(row)
    messages.success(
        request, _("The dataset was deleted, and %(size)s are free again.") % {"size": filesizeformat(freed)}
    )
    return redirect("dataset-list")


@login_required
@require_GET
@cache_control(private=True, max_age=86400, immutable=True)
def dataset_cover(request: HttpRequest, public_id: UUID) -> HttpResponse:
    from generation import covers  # Pillow is loaded once somebody looks at pictures

    return HttpResponse(covers.cover(dataset_for(request.user, public_id)), content_type="image/png")


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
    *curation.urlpatterns,
    path("studio/datasets/<uuid:public_id>/", dataset, name="dataset"),
    path("studio/datasets/<uuid:public_id>/delete/", dataset_delete, name="dataset-delete"),
    path("studio/datasets/<uuid:public_id>/cover/", dataset_cover, name="dataset-cover"),
    path("studio/datasets/<uuid:public_id>/sheet/", dataset_sheet, name="dataset-sheet"),
    path("studio/datasets/<uuid:public_id>/images/<int:index>/", dataset_image, name="dataset-image"),
    path("studio/datasets/<uuid:public_id>/images/<int:index>/file/", dataset_image_file, name="dataset-image-file"),
    path("studio/datasets/<uuid:public_id>/bundles/<int:number>/", dataset_bundle, name="dataset-bundle"),
]
