from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from generation import notifications, tray
from generation.access import own_job, own_notification, visible
from generation.models import GenerationJob, Notification

from .jobs import SPAN_WORDS
from .pages import MemberRequest, page_of

# As tray.js words what it hears while the page is open.
WORDS = {
    "states": dict(GenerationJob.State.choices),
    "stages": dict(GenerationJob.Stage.choices),
    "spans": SPAN_WORDS,
    "left": gettext_lazy("%(time)s left"),
}


@login_required
@require_GET
@never_cache
def tray_panel(request: MemberRequest) -> HttpResponse:
    """What tray.js puts into the top bar: jobs under way, numbers, and what happened while the page was open."""
    context = {
        "counts": tray.counts(request.user),
        "jobs": tray.jobs_under_way(request.user)[: tray.SHOWN],
        "news": tray.news(request.user),
        "words": WORDS,
    }
    return render(request, "notifications/_tray.html", context)


@login_required
@require_GET
def notification_list(request: MemberRequest) -> HttpResponse:
    """The page, and its changing part alone, which asks for itself again when something happened."""
    mine = visible(Notification.objects.select_related("job__source_set", "job__dataset"), request.user)
    context = {"page": page_of(request, mine), "unread": mine.unread().count()}
    fragment = request.headers.get("HX-Target") == "notifications"
    return render(request, "notifications/_list.html" if fragment else "notifications/list.html", context)


@login_required
@require_POST
def read_all(request: MemberRequest) -> HttpResponse:
    visible(Notification.objects.all(), request.user).mark_read()
    return redirect("notification-list")


@login_required
@require_POST
def read_one(request: MemberRequest, number: int) -> HttpResponse:
    row = own_notification(request.user, number)
    Notification.objects.filter(pk=row.pk).mark_read()
    return redirect("notification-list")


@login_required
@require_POST
def job_letter(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Asks for a letter when the job ends, or for none any more."""
    job = own_job(request.user, public_id)
    in_time = notifications.ask_for_letter(job, wanted=bool(request.POST.get("wanted")))
    if request.headers.get("HX-Request"):
        return render(request, "notifications/_letter.html", {"job": job})
    if not in_time:
        messages.info(request, _("This job had ended already."))
    return redirect(job)


urlpatterns = [
    path("jobs/tray/", tray_panel, name="tray"),
    path("notifications/", notification_list, name="notification-list"),
    path("notifications/read/", read_all, name="notifications-read"),
    path("notifications/<int:number>/read/", read_one, name="notification-read"),
    path("studio/jobs/<uuid:public_id>/letter/", job_letter, name="job-letter"),
]
