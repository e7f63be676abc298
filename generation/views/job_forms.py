from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from generation import estimates, jobs, memory, refinements, sharing
from generation.access import own_job, own_source_set, visible
from generation.forms import PRESET_NOTES, JobForm
from generation.models import GenerationJob, SourceSet

from .pages import MemberRequest


@login_required
@permission_required("generation.add_generationjob", raise_exception=True)
@require_http_methods(["GET", "POST"])
def job_new(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """With ?again= the settings are those of an earlier job of one's own, which the new one runs again."""
    source_set = own_source_set(request.user, public_id)
    return filled_in(request, source_set, earlier(request))


@login_required
@permission_required("generation.add_generationjob", raise_exception=True)
@require_http_methods(["GET", "POST"])
def job_again(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """The same form, on the newest version of the source set; of more images that of their generator."""
    job = own_job(request.user, public_id)
    if (refinement := refinements.of(job)) is not None and refinement.dataset is not None:
        return redirect("dataset-curate", refinement.dataset.public_id)
    if job.starts_from is not None:
        address = reverse("generator", args=[job.starts_from.public_id])
        return redirect(f"{address}?count={job.count}&again={job.public_id}")
    return filled_in(request, jobs.newest(job.source_set), job)


def filled_in(request: MemberRequest, source_set: SourceSet, parent: GenerationJob | None) -> HttpResponse:
    form = JobForm(request.POST or None, source_set=source_set, initial=as_before(parent))
    if form.is_valid():
        asked = {name: form.cleaned_data[name] for name in ("count", "request", "seed", "way", "mail")}
        try:
            return redirect(jobs.submit(request.user, source_set, parent=parent, **asked))
        except jobs.JobRefused as refusal:
            form.refuse(refusal.errors)
    context = {
        "form": form,
        "source_set": source_set,
        "parent": parent,
        "newer": SourceSet.objects.filter(previous=source_set).first(),
        "problem": jobs.set_problem(source_set),
        "notes": PRESET_NOTES,
    }
    context |= outlook(form)
    return render(request, "jobs/new.html", context, status=422 if form.is_bound else 200)


def earlier(request: HttpRequest) -> GenerationJob | None:
    mine = visible(GenerationJob.objects.select_related("source_set"), request.user)
    try:
        return mine.get(public_id=UUID(request.GET.get("again", "")))
    except (GenerationJob.DoesNotExist, ValueError):
        return None


def as_before(parent: GenerationJob | None) -> dict[str, Any]:  # Any: whatever the fields hold
    if parent is None:
        return {}
    given = {name: value for name, value in parent.requested.items() if value is not None and name != "seed"}
    return given | {"count": parent.count, "sharing": parent.sharing, "mail": parent.mail_when_done}


@login_required
@permission_required("generation.add_generationjob", raise_exception=True)
@require_POST
def job_resume(request: MemberRequest, public_id: UUID) -> HttpResponse:
    job = own_job(request.user, public_id)
    try:
        return redirect(jobs.resume(job, request.user))
    except jobs.JobRefused as refusal:
        messages.error(request, str(refusal))
        return redirect(job)


@login_required
@require_GET
def job_estimate(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How long what is in the form would take, and how large it would be; asked again as fields change."""
    source_set = own_source_set(request.user, public_id)
    return render(request, "jobs/_estimate.html", outlook(JobForm(request.GET, source_set=source_set)))


def outlook(form: JobForm) -> dict[str, object]:
    """What the job would take and whether this machine could do it; nothing where the form can't be read yet."""
    if not form.is_bound:
        first = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
        form = JobForm(first, source_set=form.source_set)
    if not form.is_valid():
        return {}
    values, request = form.cleaned_data, form.cleaned_data["request"]
    count = sharing.total(values["count"], values["way"], sharing.learnt(form.source_set, request))
    return {
        "expected": estimates.estimate(form.source_set, request, count),
        "too_large": memory.problem(form.source_set, request),
    }


urlpatterns = [
    path("studio/jobs/<uuid:public_id>/again/", job_again, name="job-again"),
    path("studio/jobs/<uuid:public_id>/resume/", job_resume, name="job-resume"),
    path("studio/source-sets/<uuid:public_id>/generate/", job_new, name="job-new"),
    path("studio/source-sets/<uuid:public_id>/estimate/", job_estimate, name="job-estimate"),
]
