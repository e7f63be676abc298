from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_GET, require_POST

from generation import events, jobs, leftovers, notes, notifications, previews, remaining
from generation.access import job_for, own_job
from generation.consumers import number_in
from generation.engine.guard import MOST_R_V
from generation.models import GenerationJob
from generation.readings import read

Stage = GenerationJob.Stage
EVENT_WORDS = {
    "submitted": gettext_lazy("Submitted"),
    "claimed": gettext_lazy("A worker took it"),
    "stage": gettext_lazy("Next stage"),
    "resolved": gettext_lazy("Settings fixed after a short pilot"),
    "preview": gettext_lazy("Sample drawn"),
    "resumed": gettext_lazy("Resumed from %(kimg)s thousand images seen"),
    "stopping": gettext_lazy("Asked to stop"),
    "succeeded": gettext_lazy("Succeeded"),
    "failed": gettext_lazy("Failed"),
    "cancelled": gettext_lazy("Cancelled"),
}
FIGURE_WORDS = {
    "images_per_second": gettext_lazy("Images per second"),
    "loss_d": gettext_lazy("Discriminator loss"),
    "loss_g": gettext_lazy("Generator loss"),
}
# Of real images that the model never saw, so many lie as near to a source image: the limit is drawn there.
REAL_COPIES = 0.001
GAUGES = {
    "quality": gettext_lazy("Distance in training"),
    "heart": gettext_lazy("Learning by heart"),
    "copies": gettext_lazy("Copies before screening"),
    "augmentation": gettext_lazy("Augmentation strength"),
}
GAUGE_WORDS = {
    "times": gettext_lazy("%(times)s × the floor"),
    "quality": gettext_lazy(
        "SWD %(swd)s. The line is the floor: real images score %(floor)s against other real ones. Less is better."
    ),
    "heart": gettext_lazy(
        "How much better the discriminator knows images it learnt than held-out ones. 0 is not at all; "
        "beyond the line, at %(limit)s, training varies the images more."
    ),
    "copies": gettext_lazy(
        "%(rejected)s of %(made)s images came too near to a source image and were drawn again. The line is where "
        "held-out real images are: %(real)s."
    ),
    "augmentation": gettext_lazy(
        "How likely an image is varied before the discriminator sees it, from 0 to 1. It rises by itself when the "
        "discriminator becomes too sure."
    ),
}
# What is done in a stage before anything can be counted, and once it can.
DOING_WORDS = {
    Stage.PREPARING: gettext_lazy("Getting ready"),
    Stage.TRAINING: gettext_lazy("Building the networks"),
    Stage.SAMPLING: gettext_lazy("Loading the trained model"),
    Stage.SCREENING: gettext_lazy("Looking for images that repeat each other"),
    Stage.EVALUATING: gettext_lazy("Measuring quality on up to 2,000 images"),
    Stage.PACKING: gettext_lazy("Writing the files"),
}
COUNTED_WORDS = {
    Stage.SAMPLING: gettext_lazy("%(done)s of %(all)s images generated"),
    Stage.SCREENING: gettext_lazy("%(done)s of %(all)s images compared"),
    Stage.PACKING: gettext_lazy("%(done)s of %(all)s images packed"),
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
    if row.is_terminal and row.owner_id == request.user.pk:
        notifications.seen(row)
    # First, because it reads the row anew: an end seen there has its dataset below.
    snapshot = standing(row)
    context = outcome(request, row) | {
        "stages": Stage.choices,
        "gauges": GAUGES,
        "snapshot": snapshot,
        "live": addresses(row),
        "words": words(),
    }
    return render(request, "jobs/detail.html", context)


def standing(row: GenerationJob) -> events.Message:
    """The snapshot, its time left counted down to now."""
    message = events.snapshot(row)
    told, at = message["data"].get("seconds_left"), parse_datetime(row.snapshot.get("at", ""))
    if told and at is not None:
        left = remaining.aged(told, (timezone.now() - at).total_seconds())
        message["data"] = message["data"] | {"seconds_left": left}
    return message


@login_required
@require_GET
def job_ending(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How the job ended, for a page that watched it to the end."""
    return render(request, "jobs/_ending.html", outcome(request, job_for(request.user, public_id)))


def outcome(request: HttpRequest, row: GenerationJob) -> dict[str, object]:
    """The job with what came of it, as far as that is there."""
    dataset = getattr(row, "dataset", None)
    return {
        "job": row,
        "dataset": dataset,
        "reading": read(dataset.report) if dataset else None,
        "resumable": leftovers.resumable(row),
        "mine": row.owner_id == request.user.pk,
    }


@login_required
@require_GET
@never_cache
def job_news(request: HttpRequest, public_id: UUID) -> JsonResponse:
    """What happened after ?after=N and where the job stands, for a page that neither socket nor stream reaches."""
    row = job_for(request.user, public_id)
    happened = events.replay(row, number_in(request.GET.get("after")))
    return JsonResponse({"events": happened, "snapshot": events.snapshot(row)})


def addresses(row: GenerationJob) -> dict[str, object]:
    return {
        "socket": f"/ws/jobs/{row.public_id}/",
        "stream": f"/api/v1/jobs/{row.public_id}/events/",
        "news": reverse("job-news", args=[row.public_id]),
        "ending": reverse("job-ending", args=[row.public_id]),
        "started": row.started_at,
        # What happened up to here is in the snapshot.
        "last": row.last_event,
    }


def words() -> dict[str, object]:
    """What job.js says, in the reader's language."""
    return {
        "states": dict(GenerationJob.State.choices),
        "stages": dict(Stage.choices),
        "events": EVENT_WORDS,
        "notes": notes.WORDS,
        "figures": FIGURE_WORDS,
        "gauges": GAUGE_WORDS | {"limit": MOST_R_V, "real": REAL_COPIES},
        "doing": DOING_WORDS,
        "counted": COUNTED_WORDS,
        "spans": SPAN_WORDS,
        "zone": timezone.get_current_timezone_name(),
        "live": _("live"),
        "waiting": _("connecting…"),
        "asking": _("updated every few seconds"),
        "queued": _("Waiting for its turn"),
        "seen": _("%(done)s of %(all)s images seen"),
        "left": _("%(time)s left"),
        "longer": _("It takes longer than expected"),
        "unknown": _("Reads the images, then tries a few steps on this machine: then the time left is known"),
        "until": _("Done between %(low)s and %(high)s"),
        "running": _("Running for"),
        "again": _("This stage was interrupted and begun again."),
        "drawn": _("after %(count)s images seen"),
        "play": _("Play"),
        "pause": _("Pause"),
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
