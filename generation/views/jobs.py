from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_GET, require_POST

from generation import events, jobs, notes, previews
from generation.access import job_for, own_job
from generation.consumers import number_in
from generation.models import GenerationJob

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
@require_GET
def job(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = job_for(request.user, public_id)
    context = outcome(request, row) | {
        "stages": Stage.choices,
        "snapshot": events.snapshot(row),
        "live": addresses(row),
        "words": words(),
    }
    return render(request, "jobs/detail.html", context)


@login_required
@require_GET
def job_ending(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How the job ended, for a page that watched it to the end."""
    return render(request, "jobs/_ending.html", outcome(request, job_for(request.user, public_id)))


def outcome(request: HttpRequest, row: GenerationJob) -> dict[str, object]:
    """The job with what came of it, as far as that is there."""
    return {"job": row, "dataset": getattr(row, "dataset", None), "mine": row.owner_id == request.user.pk}


@login_required
@require_GET
@never_cache
def job_news(request: HttpRequest, public_id: UUID) -> JsonResponse:
    """What happened after ?after=N and where the job stands, for a page that neither socket nor stream reaches."""
    row = job_for(request.user, public_id)
    happened = events.replay(row, number_in(request.GET.get("after")))
    return JsonResponse({"events": happened, "snapshot": events.snapshot(row)})


def addresses(row: GenerationJob) -> dict[str, str]:
    return {
        "socket": f"/ws/jobs/{row.public_id}/",
        "stream": f"/api/v1/jobs/{row.public_id}/events/",
        "news": reverse("job-news", args=[row.public_id]),
        "ending": reverse("job-ending", args=[row.public_id]),
    }


def words() -> dict[str, object]:
    """What job.js says, in the reader's language."""
    return {
        "states": dict(GenerationJob.State.choices),
        "stages": dict(Stage.choices),
        "events": EVENT_WORDS,
        "notes": notes.WORDS,
        "figures": FIGURE_WORDS,
        "spans": SPAN_WORDS,
        "zone": timezone.get_current_timezone_name(),
        "live": _("live"),
        "waiting": _("connecting…"),
        "asking": _("updated every few seconds"),
        "queued": _("Waiting for its turn"),
        "seen": _("%(done)s of %(all)s images seen"),
        "made": _("%(done)s of %(all)s images generated"),
        "left": _("%(time)s left"),
        "loss_d": _("discriminator"),
        "loss_g": _("generator"),
        "kimg": _("thousand images seen"),
        "floor": _("floor"),
        "losses": _("Losses"),
        "distance": _("Distance to the source images"),
        "sample": _("Images the model draws after %(kimg)s thousand images seen"),
    }


@login_required
@require_POST
def job_cancel(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = own_job(request.user, public_id)
    if not jobs.cancel(row):
        messages.info(request, _("This job had ended already."))
    return redirect(row)


@login_required
@require_POST
def job_stop(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = own_job(request.user, public_id)
    if not jobs.stop(row):
        messages.info(request, _("This job had ended already."))
    return redirect(row)


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
    path("studio/jobs/<uuid:public_id>/", job, name="job"),
    path("studio/jobs/<uuid:public_id>/cancel/", job_cancel, name="job-cancel"),
    path("studio/jobs/<uuid:public_id>/stop/", job_stop, name="job-stop"),
    path("studio/jobs/<uuid:public_id>/ending/", job_ending, name="job-ending"),
    path("studio/jobs/<uuid:public_id>/news/", job_news, name="job-news"),
    path("studio/jobs/<uuid:public_id>/previews/<int:number>/", job_preview, name="job-preview"),
]
