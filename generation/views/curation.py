from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, overload
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from generation import bitmaps, curation, gallery, jobs, measures, refinements
from generation.access import own_dataset
from generation.curation import Beyond, CurationRefused
from generation.findings import percent
from generation.measures import MEASURES, Measure, Measured
from generation.models import Dataset, GenerationJob

from .pages import MemberRequest

PAGE = 60
STRIP = 8
# Shares of all images for which a threshold is offered.
SHARES = (0.005, 0.01, 0.02, 0.05, 0.1)
ORDERS: dict[str, str | Promise] = {
    "number": gettext_lazy("By number"),
    "artefact": gettext_lazy("Likely broken first"),
    "source": gettext_lazy("Closest to a source image first"),
    "alike": gettext_lazy("Nearly the same first"),
    "rejected": gettext_lazy("Only the rejected"),
}


@dataclass(frozen=True)
class Tile:
    number: int
    rejected: bool
    value: str
    # The earlier image that it is most like, where images come in the order of that.
    twin: int | None = None


@dataclass(frozen=True)
class Line:
    """A threshold and what lies beyond it; `edge` are the least suspicious of these, where the line would be drawn."""

    measure: Measure
    threshold: str
    beyond: Beyond
    edge: list[int]
    # Thresholds for a share of the images: in words, and as a question to this page.
    offers: list[tuple[str, str]]

    @property
    def new(self) -> int:
        return len(self.beyond.new)


@dataclass(frozen=True)
class InOrder(Sequence[int]):
    """Numbers of images from the most suspicious on, read by the page."""

    measured: Measured
    measure: Measure

    def __len__(self) -> int:
        return self.measured.count

    @overload
    def __getitem__(self, place: int) -> int: ...

    @overload
    def __getitem__(self, place: slice) -> list[int]: ...

    def __getitem__(self, place: int | slice) -> int | list[int]:
        if isinstance(place, int):
            return self.measured.worst(self.measure, place, 1)[0]
        start, stop, _step = place.indices(len(self))
        return self.measured.worst(self.measure, start, stop - start)


@login_required
@require_http_methods(["GET", "POST"])
def curate(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """The page, its parts for htmx, and the target of all its forms."""
    dataset = own_dataset(request.user, public_id)
    if request.method == "POST":
        return choose(request, dataset)
    part = request.headers.get("HX-Target", "")
    if part.startswith("beyond-") and (measure := MEASURES.get(part.removeprefix("beyond-"))):
        return beyond(request, dataset, measure)
    if part == "measuring":
        return measuring(request, dataset)
    return render(request, "datasets/curate.html", whole(request, dataset))


def whole(request: HttpRequest, dataset: Dataset) -> dict[str, object]:
    found, bits = measures.of(dataset), curation.rejected(dataset)
    order = asked_order(request, found)
    page = Paginator(numbers(request, dataset, found, order, bits), PAGE).get_page(request.GET.get("page"))
    return {
        "dataset": dataset,
        "orders": ORDERS if found else {name: ORDERS[name] for name in ("number", "rejected")},
        "order": order,
        "label": asked_label(request, dataset),
        "page": page,
        "tiles": tiles(page, found, order, bits),
        "count": bits.bit_count(),
        "counted": counted(bits.bit_count(), dataset.count),
        "kept": dataset.count - bits.bit_count(),
        "undoable": curation.undoable(dataset),
        "lines": [line(request, dataset, found, measure) for measure in MEASURES.values()] if found else [],
        "task": None if found else measures.task_of(dataset),
        "in_work": refinements.in_work(dataset).select_related("job").first(),
        "refined_into": Dataset.objects.filter(job__refinement__dataset=dataset).order_by("-pk").first(),
        "query": request.GET.urlencode(),
    }


def asked_order(request: HttpRequest, found: Measured | None) -> str:
    order = request.GET.get("order", "")
    return order if order == "rejected" or (found and order in MEASURES) else "number"


def asked_label(request: HttpRequest, dataset: Dataset) -> str | None:
    label = request.GET.get("label", "")
    return label if label in dataset.labels else None


def numbers(
    request: HttpRequest, dataset: Dataset, found: Measured | None, order: str, bits: bitmaps.Bits
) -> Sequence[int]:
    if order == "rejected":
        return bitmaps.numbers(bits)
    if found and order in MEASURES:
        return InOrder(found, MEASURES[order])
    label = asked_label(request, dataset)
    return range(dataset.count) if label is None else gallery.places(dataset, label)


def tiles(page: Page[int], found: Measured | None, order: str, bits: bitmaps.Bits) -> list[Tile]:
    shown = list(page.object_list)
    gone = set(bitmaps.among(bits, shown))
    values: dict[int, str] = {}
    if found and order in MEASURES:
        ordered = found.thresholds(MEASURES[order], range(page.start_index() - 1, page.end_index()))
        values = {number: written(value) for number, value in zip(shown, ordered, strict=True)}
    twins = twins_of(shown, found) if found and order == "alike" else {}
    return [Tile(number, number in gone, values.get(number, ""), twins.get(number)) for number in shown]


def twins_of(shown: list[int], found: Measured) -> dict[int, int]:
    """The first image has none."""
    twins = found.twins()
    return {number: int(twins[number]) for number in shown if number}


def written(value: float) -> str:
    return number_format(round(value, 2), 2) if isfinite(value) else "–"


def line(request: HttpRequest, dataset: Dataset, found: Measured, measure: Measure) -> Line:
    threshold = asked_threshold(request.GET.get(measure.name, ""), measure)
    beyond = curation.beyond(dataset, measure, threshold)
    edge = found.worst(measure, max(0, beyond.count - STRIP), min(STRIP, beyond.count))
    return Line(measure, f"{threshold:g}", beyond, edge, list(offers(request, found, measure)))


def asked_threshold(text: str, measure: Measure) -> float:
    try:
        value = float(text)
    except ValueError:
        return measure.usual
    return round(min(1e6, max(0.0, value)), 4) if isfinite(value) else measure.usual


def offers(request: HttpRequest, found: Measured, measure: Measure) -> Iterator[tuple[str, str]]:
    places = {share: round(share * found.count) for share in SHARES}
    shares = [share for share, place in places.items() if 0 < place < found.count]
    limits = found.thresholds(measure, (places[share] for share in shares))
    for share, limit in zip(shares, limits, strict=True):
        if isfinite(limit):
            query = request.GET.copy()
            query[measure.name] = f"{limit:.4g}"
            yield percent(share), query.urlencode()


def beyond(request: HttpRequest, dataset: Dataset, measure: Measure) -> HttpResponse:
    found = measures.of(dataset)
    if found is None:
        return HttpResponse(status=204)
    context = {"dataset": dataset, "line": line(request, dataset, found, measure)}
    return render(request, "datasets/_beyond.html", context)


def measuring(request: HttpRequest, dataset: Dataset) -> HttpResponse:
    task = measures.task_of(dataset)
    if measures.of(dataset) is not None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "datasets/_measuring.html", {"dataset": dataset, "task": task})


def choose(request: MemberRequest, dataset: Dataset) -> HttpResponse:
    """One of the forms. What a script sends is answered with where things stand now."""
    try:
        answer = act(request, dataset, request.POST.get("do", ""))
    except (CurationRefused, jobs.JobRefused) as refusal:
        if request.headers.get("X-Part") == "curation":
            return JsonResponse({"error": str(refusal)}, status=422)
        messages.error(request, str(refusal))
        answer = None
    if answer is not None:
        return redirect(answer)
    if request.headers.get("X-Part") == "curation":
        return JsonResponse(standing(request, dataset))
    return redirect(request.get_full_path())


def act(request: MemberRequest, dataset: Dataset, do: str) -> GenerationJob | str | None:
    """Where to go from there, if not back. Raises CurationRefused or JobRefused."""
    if do == "finish":
        return finish(request, dataset)
    if do in ("reject", "keep"):
        (curation.reject if do == "reject" else curation.keep)(dataset, asked_numbers(request, "image"))
    elif do == "page":
        curation.settle(dataset, asked_numbers(request, "shown"), asked_numbers(request, "rejected"))
    elif do == "undo":
        curation.undo(dataset)
    elif do == "clear":
        curation.keep_all(dataset)
    elif do == "measure":
        measures.ask(dataset)
    elif measure := MEASURES.get(do.removeprefix("count-")):
        return bulk(request, dataset, measure, only_count=do != measure.name)
    else:
        raise CurationRefused(_("This page has no such choice. Reload it and try again."))
    return None


def asked_numbers(request: HttpRequest, name: str) -> list[int]:
    """Given one by one, or with commas between."""
    parts = [part for text in request.POST.getlist(name) for part in text.split(",") if part]
    if not all(part.isdecimal() and len(part) < 12 for part in parts):
        raise CurationRefused(_("Images are named by their numbers."))
    return [int(part) for part in parts]


def bulk(request: MemberRequest, dataset: Dataset, measure: Measure, *, only_count: bool) -> str:
    """Only what was shown is done: a threshold that was changed since is counted first."""
    threshold = asked_threshold(request.POST.get(measure.name, ""), measure)
    query = request.GET.copy()
    query[measure.name] = f"{threshold:g}"
    address = f"{request.path}?{query.urlencode()}#bulk-{measure.name}"
    if only_count:
        return address
    if request.POST.get("counted") != f"{threshold:g}":
        messages.info(request, _("Look first at what this threshold would reject, then confirm."))
        return address
    gone = curation.reject_beyond(dataset, measure, threshold)
    text = ngettext("%(shown)s image was rejected.", "%(shown)s images were rejected.", gone)
    messages.success(request, text % {"shown": number_format(gone, force_grouping=True)})
    return address


def finish(request: MemberRequest, dataset: Dataset) -> GenerationJob:
    if not request.user.has_perm("generation.add_generationjob"):
        raise PermissionDenied
    return curation.finish(dataset, request.user, mail="mail" in request.POST)


def standing(request: HttpRequest, dataset: Dataset) -> dict[str, Any]:  # Any: JSON values
    bits = curation.rejected(dataset)
    return {
        "count": bits.bit_count(),
        "rejected": bitmaps.among(bits, asked_numbers(request, "shown")),
        "undoable": curation.undoable(dataset),
        "text": counted(bits.bit_count(), dataset.count),
    }


def counted(gone: int, of: int) -> str:
    shown = {"shown": number_format(gone, force_grouping=True), "of": number_format(of, force_grouping=True)}
    return ngettext("%(shown)s of %(of)s rejected", "%(shown)s of %(of)s rejected", gone) % shown


urlpatterns = [path("studio/datasets/<uuid:public_id>/curate/", curate, name="dataset-curate")]
