from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from generation import source_sets, uploads
from generation.access import own_source_set, source_set_for, visible
from generation.forms import SourceSetForm, UploadForm
from generation.models import SourceImage, SourceSet
from generation.reasons import worded
from generation.thumbnails import thumbnail

from .pages import MemberRequest, page_of


@login_required
@require_GET
def source_set_list(request: HttpRequest) -> HttpResponse:
    rows = visible(SourceSet.objects.filter(next__isnull=True), request.user)
    page = page_of(request, rows.annotate(job_count=Count("jobs")).order_by("-created_at"))
    return render(request, "source_sets/list.html", {"page": page})


@login_required
@permission_required("generation.add_sourceset", raise_exception=True)
@require_http_methods(["GET", "POST"])
def source_set_new(request: MemberRequest) -> HttpResponse:
    form = SourceSetForm(request.POST or None)
    if form.is_valid():
        return redirect(source_sets.create(request.user, form.cleaned_data["name"], form.declaration()))
    return render(request, "source_sets/new.html", {"form": form}, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def source_set(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The page; its intake part alone for htmx; and the plain upload form's target."""
    if request.method == "POST":
        return receive(request, own_source_set(request.user, public_id))
    row = source_set_for(request.user, public_id)
    fragment = request.headers.get("HX-Target") == "intake"
    return render(request, "source_sets/_intake.html" if fragment else "source_sets/detail.html", intake(request, row))


def receive(request: HttpRequest, row: SourceSet) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        for file in form.cleaned_data["images"]:
            try:
                uploads.receive(row, file)
            except uploads.UploadRefused as refusal:
                messages.error(request, refusal.message)
        return redirect(row)
    return render(request, "source_sets/detail.html", intake(request, row) | {"form": form}, status=422)


def intake(request: HttpRequest, row: SourceSet) -> dict[str, object]:
    verdict = request.GET.get("verdict", "")
    images = row.images.select_related("duplicate_of").order_by("upload", "number")
    page = page_of(request, images.filter(verdict=verdict) if verdict in SourceImage.Verdict else images, 30)
    found = uploads.summary(row)
    return {
        "source_set": row,
        "summary": found,
        "reasons": [reason | {"count": found.reasons[reason["code"]]} for reason in worded(found.reasons)],
        "page": page,
        "images": [(image, worded(image.reasons)) for image in page],
        "verdict": verdict,
        "verdicts": SourceImage.Verdict.choices,
        "uploads": row.uploads.exclude(state="done").order_by("-created_at")[:20],
        "form": UploadForm(),
        "newer": SourceSet.objects.filter(previous=row).first(),
        "mine": row.owner_id == request.user.pk,
    }


@login_required
@require_POST
def source_set_version(request: HttpRequest, public_id: UUID) -> HttpResponse:
    newer = uploads.new_version(own_source_set(request.user, public_id))
    messages.success(
        request, _("This is version %(number)d. Add to it; the older one stays as it was.") % {"number": newer.version}
    )
    return redirect(newer)


@login_required
@require_GET
@cache_control(private=True, max_age=86400, immutable=True)
def source_image(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    image = get_object_or_404(source_set_for(request.user, public_id).images.exclude(key=""), pk=pk)
    return HttpResponse(thumbnail(image.key), content_type="image/png")


urlpatterns = [
    path("studio/source-sets/", source_set_list, name="source-set-list"),
    path("studio/source-sets/new/", source_set_new, name="source-set-new"),
    path("studio/source-sets/<uuid:public_id>/", source_set, name="source-set"),
    path("studio/source-sets/<uuid:public_id>/version/", source_set_version, name="source-set-version"),
    path("studio/source-sets/<uuid:public_id>/images/<int:pk>/", source_image, name="source-image"),
]
