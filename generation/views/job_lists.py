from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from generation import jobs, waiting
from generation.access import job_for, visible
from generation.engine.config import MIN_IMAGES
from generation.models import GenerationJob, SourceSet

from .pages import page_of

State = GenerationJob.State
FILTERS = {
    "": (_("All"), tuple(State)),
    "active": (_("Under way"), GenerationJob.ACTIVE),
    "succeeded": (State.SUCCEEDED.label, (State.SUCCEEDED,)),
    "failed": (State.FAILED.label, (State.FAILED,)),
    "cancelled": (State.CANCELLED.label, (State.CANCELLED,)),
}


@login_required
@require_GET
def job_list(request: HttpRequest) -> HttpResponse:
    """The page, and its changing part alone, which asks for itself again while something runs."""
    mine = visible(GenerationJob.objects.all(), request.user)
    chosen = request.GET.get("state", "")
    chosen = chosen if chosen in FILTERS else ""
    page = page_of(request, mine.filter(state__in=FILTERS[chosen][1]).for_lists())
    counts = mine.counts()
    context = {
        "page": page,
        "chosen": chosen,
        "filters": [(value, name, sum(counts.get(s, 0) for s in states)) for value, (name, states) in FILTERS.items()],
        "total": sum(counts.values()),
        "live": any(not job.is_terminal for job in page),
        "waiting": waiting.of_all(page),
        "queued": counts.get(State.QUEUED, 0),
        "usable_set": None if counts else usable_set(request),
    }
    fragment = request.headers.get("HX-Target") == "jobs"
    return render(request, "jobs/_list.html" if fragment else "jobs/list.html", context)


@login_required
@require_POST
def job_cancel_waiting(request: HttpRequest) -> HttpResponse:
    count = jobs.cancel_waiting(request.user)
    text = ngettext("%(count)d job that waited was cancelled.", "%(count)d jobs that waited were cancelled.", count)
    messages.success(request, text % {"count": count})
    return redirect("job-list")


@login_required
@require_GET
def job_waiting(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Its place in the queue alone, for a page that shows it."""
    return render(request, "jobs/_waiting.html", {"job": job_for(request.user, public_id)})


def usable_set(request: HttpRequest) -> SourceSet | None:
    """Where a first job could start from."""
    newest = visible(SourceSet.objects.filter(next__isnull=True, usable_count__gte=MIN_IMAGES), request.user)
    return newest.order_by("-created_at").first()


urlpatterns = [
    path("studio/jobs/", job_list, name="job-list"),
    path("studio/jobs/cancel-waiting/", job_cancel_waiting, name="job-cancel-waiting"),
    path("studio/jobs/<uuid:public_id>/waiting/", job_waiting, name="job-waiting"),
]
