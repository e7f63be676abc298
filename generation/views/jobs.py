from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from generation import events, jobs, previews
from generation.access import job_for, own_source_set, visible
from generation.forms import PRESET_NOTES, JobForm
from generation.models import GenerationJob, SourceSet
from generation.spans import span

from .pages import MemberRequest, page_of

Stage = GenerationJob.Stage
EVENT_WORDS = {
    "submitted": gettext_lazy("Submitted"),
    "claimed": gettext_lazy("A worker took it"),
    "stage": gettext_lazy("Next stage"),
    "resolved": gettext_lazy("Settings fixed after a short pilot"),
    "preview": gettext_lazy("Sample drawn"),
    "resumed": gettext_lazy("Resumed from the last checkpoint"),
    "stopping": gettext_lazy("Asked to stop"),
    "succeeded": gettext_lazy("Succeeded"),
    "failed": gettext_lazy("Failed"),
    "cancelled": gettext_lazy("Cancelled"),
}
FIGURE_WORDS = {
    "images_per_second": gettext_lazy("Images per second"),
    "loss_d": gettext_lazy("Discriminator loss"),
    "loss_g": gettext_lazy("Generator loss"),
    "swd": gettext_lazy("SWD"),
    "swd_floor": gettext_lazy("SWD floor"),
    "augment_p": gettext_lazy("Augmentation strength"),
    "rejected": gettext_lazy("Rejected and drawn again"),
}
# As spans.py words them, for figures that arrive while the page is open.
SPAN_WORDS = {
    "about": gettext_lazy("about %(time)s"),
    "range": gettext_lazy("%(low)s to %(high)s"),
    "seconds": gettext_lazy("%(count)s s"),
    "minutes": gettext_lazy("%(count)s min"),
    "hours": gettext_lazy("%(count)s h"),
}


@login_required
@permission_required("generation.add_generationjob", raise_exception=True)
@require_http_methods(["GET", "POST"])
def job_new(request: MemberRequest, public_id: UUID) -> HttpResponse:
    source_set = own_source_set(request.user, public_id)
    form = JobForm(request.POST or None, classes=source_set.label_counts)
    if form.is_valid():
        try:
            return redirect(
                jobs.submit(
                    request.user, source_set, count=form.cleaned_data["count"], request=form.cleaned_data["request"]
                )
            )
        except jobs.JobRefused as refusal:
            form.refuse(refusal.field, refusal.message)
    context = {"form": form, "source_set": source_set, "notes": PRESET_NOTES, "expected": guess(source_set, form)}
    return render(request, "jobs/new.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def job_estimate(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How long what is in the form would take; asked again as fields change."""
    source_set = own_source_set(request.user, public_id)
    form = JobForm(request.GET, classes=source_set.label_counts)
    return render(request, "jobs/_estimate.html", {"expected": guess(source_set, form)})


def guess(source_set: SourceSet, form: JobForm) -> str:
    """In words; empty where the form can't be read yet."""
    if not form.is_bound:
        form = JobForm({name: field.initial for name, field in form.fields.items()}, classes=form.classes)
    if not form.is_valid():
        return ""
    return span(*jobs.expected_seconds(source_set, form.cleaned_data["request"], form.cleaned_data["count"]))


@login_required
@require_GET
def job_list(request: HttpRequest) -> HttpResponse:
    rows = visible(GenerationJob.objects.select_related("source_set", "dataset"), request.user)
    return render(request, "jobs/list.html", {"page": page_of(request, rows)})


@login_required
@require_GET
def job(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = job_for(request.user, public_id)
    context = {
        "job": row,
        "stages": Stage.choices,
        "snapshot": events.snapshot(row),
        "mine": row.owner_id == request.user.pk,
        "live": addresses(row),
        "words": words(),
    }
    return render(request, "jobs/detail.html", context)


@login_required
@require_GET
def job_ending(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How the job ended, for a page that watched it to the end."""
    row = job_for(request.user, public_id)
    return render(request, "jobs/_ending.html", {"job": row, "mine": row.owner_id == request.user.pk})


def addresses(row: GenerationJob) -> dict[str, str]:
    return {
        "socket": f"/ws/jobs/{row.public_id}/",
        "stream": f"/api/v1/jobs/{row.public_id}/events/",
        "ending": reverse("job-ending", args=[row.public_id]),
    }


def words() -> dict[str, object]:
    """What job.js says, in the reader's language."""
    return {
        "states": dict(GenerationJob.State.choices),
        "stages": dict(Stage.choices),
        "events": EVENT_WORDS,
        "figures": FIGURE_WORDS,
        "spans": SPAN_WORDS,
        "live": _("live"),
        "waiting": _("connecting…"),
        "queued": _("Waiting for its turn"),
        "seen": _("%(done)s of %(all)s images seen"),
        "made": _("%(done)s of %(all)s images generated"),
        "left": _("%(time)s left"),
        "loss_d": _("discriminator"),
        "loss_g": _("generator"),
        "kimg": _("thousand images seen"),
        "floor": _("floor"),
        "sample": _("Images the model draws after %(kimg)s thousand images seen"),
    }


@login_required
@require_POST
def job_cancel(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = own_job(request, public_id)
    if not jobs.cancel(row):
        messages.info(request, _("This job had ended already."))
    return redirect(row)


@login_required
@require_POST
def job_stop(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = own_job(request, public_id)
    if not jobs.stop(row):
        messages.info(request, _("This job had ended already."))
    return redirect(row)


def own_job(request: HttpRequest, public_id: UUID) -> GenerationJob:
    return get_object_or_404(visible(GenerationJob.objects.all(), request.user), public_id=public_id)


@login_required
@require_GET
@cache_control(private=True, max_age=86400, immutable=True)
def job_preview(request: HttpRequest, public_id: UUID, number: int) -> HttpResponse:
    try:
        png = previews.image_bytes(job_for(request.user, public_id), number)
    except FileNotFoundError:
        raise Http404 from None
    return HttpResponse(png, content_type="image/png")


urlpatterns = [
    path("studio/source-sets/<uuid:public_id>/generate/", job_new, name="job-new"),
    path("studio/source-sets/<uuid:public_id>/estimate/", job_estimate, name="job-estimate"),
    path("studio/jobs/", job_list, name="job-list"),
    path("studio/jobs/<uuid:public_id>/", job, name="job"),
    path("studio/jobs/<uuid:public_id>/cancel/", job_cancel, name="job-cancel"),
    path("studio/jobs/<uuid:public_id>/stop/", job_stop, name="job-stop"),
    path("studio/jobs/<uuid:public_id>/ending/", job_ending, name="job-ending"),
    path("studio/jobs/<uuid:public_id>/previews/<int:number>/", job_preview, name="job-preview"),
]
