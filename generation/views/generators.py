from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from generation import jobs, waiting
from generation.access import generator_for, own_generator
from generation.forms import MoreForm
from generation.models import GenerationJob, Generator

from .job_forms import earlier
from .pages import MemberRequest

SHOWN = 12


@login_required
@require_http_methods(["GET", "POST"])
def generator(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """The trained model, what was made with it, and a form for more."""
    if request.method == "POST":
        return more(request, own_generator(request.user, public_id))
    row = generator_for(request.user, public_id)
    return page(request, row, MoreForm(generator=row, initial=as_asked(request)))


def more(request: MemberRequest, row: Generator) -> HttpResponse:
    if not request.user.has_perm("generation.add_generationjob"):
        raise PermissionDenied
    form = MoreForm(request.POST, generator=row)
    if form.is_valid():
        count, way = form.cleaned_data["count"], form.cleaned_data.get("sharing") or "equal"
        asked = {"count": count, "way": way, "mail": form.cleaned_data["mail"], "parent": earlier(request)}
        try:
            return redirect(jobs.more(request.user, row, **asked))
        except jobs.JobRefused as refusal:
            form.refuse(refusal.errors)
    return page(request, row, form)


def as_asked(request: HttpRequest) -> dict[str, str]:
    count = request.GET.get("count", "")
    return {"count": count} if count.isdecimal() else {}


def page(request: HttpRequest, row: Generator, form: MoreForm) -> HttpResponse:
    made = GenerationJob.objects.filter(generator=row).for_lists()
    shown = list(made[:SHOWN])
    context = {
        "generator": row,
        "form": form,
        "jobs": shown,
        "waiting": waiting.of_all(shown),
        "trained": made.filter(starts_from__isnull=True).first(),
        "mine": row.owner_id == request.user.pk,
    }
    return render(request, "generators/detail.html", context, status=422 if form.is_bound else 200)


urlpatterns = [path("studio/generators/<uuid:public_id>/", generator, name="generator")]
