from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from generation import estimates, jobs, sharing
from generation.access import own_source_set, visible
from generation.estimates import Estimate
from generation.forms import PRESET_NOTES, JobForm
from generation.models import GenerationJob, SourceSet

from .pages import MemberRequest


@login_required
@permission_required("generation.add_generationjob", raise_exception=True)
@require_http_methods(["GET", "POST"])
def job_new(request: MemberRequest, public_id: UUID) -> HttpResponse:
    source_set = own_source_set(request.user, public_id)
    form = JobForm(request.POST or None, source_set=source_set, initial=as_before(request))
    if form.is_valid():
        asked = {name: form.cleaned_data[name] for name in ("count", "request", "seed", "way")}
        try:
            return redirect(jobs.submit(request.user, source_set, **asked))
        except jobs.JobRefused as refusal:
            form.refuse(refusal.errors)
    context = {
        "form": form,
        "source_set": source_set,
        "newer": SourceSet.objects.filter(previous=source_set).first(),
        "problem": jobs.set_problem(source_set),
        "notes": PRESET_NOTES,
        "expected": guess(form),
    }
    return render(request, "jobs/new.html", context, status=422 if form.is_bound else 200)


def as_before(request: HttpRequest) -> dict[str, Any]:  # Any: whatever the fields hold
    """The settings of an earlier job of one's own, named by ?again=, for whoever starts it another time."""
    try:
        earlier = visible(GenerationJob.objects.all(), request.user).get(public_id=UUID(request.GET.get("again", "")))
    except (GenerationJob.DoesNotExist, ValueError):
        return {}
    given = {name: value for name, value in earlier.requested.items() if value is not None and name != "seed"}
    return given | {"count": earlier.count, "sharing": earlier.sharing}


@login_required
@require_GET
def job_estimate(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How long what is in the form would take, and how large it would be; asked again as fields change."""
    source_set = own_source_set(request.user, public_id)
    form = JobForm(request.GET, source_set=source_set)
    return render(request, "jobs/_estimate.html", {"expected": guess(form)})


def guess(form: JobForm) -> Estimate | None:
    """Nothing where the form can't be read yet."""
    if not form.is_bound:
        first = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
        form = JobForm(first, source_set=form.source_set)
    if not form.is_valid():
        return None
    values = form.cleaned_data
    count = sharing.total(values["count"], values["way"], len(sharing.counts(form.source_set)))
    return estimates.estimate(form.source_set, values["request"], count)


urlpatterns = [
    path("studio/source-sets/<uuid:public_id>/generate/", job_new, name="job-new"),
    path("studio/source-sets/<uuid:public_id>/estimate/", job_estimate, name="job-estimate"),
]
