"""The owner's files of a dataset, format by format: which are there, having one made, downloading one."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from generation import formats
from generation.access import dataset_for, own_dataset
from generation.downloads import bundle_response
from generation.models import Dataset


@login_required
@require_http_methods(["GET", "POST"])
def dataset_formats(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The part of the dataset's page; POST has the format `kind` made."""
    if request.method == "POST":
        return ask(request, own_dataset(request.user, public_id))
    return part(request, dataset_for(request.user, public_id))


def ask(request: HttpRequest, row: Dataset) -> HttpResponse:
    try:
        formats.ask(row, request.POST.get("kind", ""))
    except formats.NoRoom as reason:
        messages.error(request, str(reason))
    except ValueError:
        raise Http404 from None
    return redirect("dataset-formats", row.public_id) if "HX-Request" in request.headers else redirect(row)


def part(request: HttpRequest, row: Dataset) -> HttpResponse:
    if "HX-Request" not in request.headers:
        return redirect(row)
    formats.keep_going(row)
    return render(request, "datasets/_formats.html", {"dataset": row, "messages_here": True})


@login_required
@require_safe
def dataset_file(request: HttpRequest, public_id: UUID, kind: str, name: str) -> HttpResponseBase:
    row = dataset_for(request.user, public_id)
    file = formats.named(formats.of_owner(row), kind, name)
    if file is None:
        raise Http404
    return bundle_response(request, file)


urlpatterns = [
    path("studio/datasets/<uuid:public_id>/formats/", dataset_formats, name="dataset-formats"),
    path("studio/datasets/<uuid:public_id>/formats/<slug:kind>/<str:name>", dataset_file, name="dataset-file"),
]
