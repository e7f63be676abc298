from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from generation import intake_report, selections, source_sets, uploads
from generation.access import own_source_set, own_upload, source_set_for, visible
from generation.forms import RenameForm, SourceSetForm, UploadForm
from generation.models import SourceSet

from .pages import MemberRequest, page_of


@login_required
@require_GET
def source_set_list(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()
    rows = visible(SourceSet.objects.filter(next__isnull=True), request.user)
    found = rows.filter(name__icontains=words) if words else rows
    page = page_of(request, found.annotate(job_count=Count("jobs")).order_by("-created_at"))
    searchable = bool(words) or page.paginator.num_pages > 1
    return render(request, "source_sets/list.html", {"page": page, "words": words, "searchable": searchable})


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
    context = intake_report.of(row, request.GET) if fragment else whole(request, row)
    template = "source_sets/_intake.html" if fragment else "source_sets/detail.html"
    return render(request, template, context | {"mine": row.owner_id == request.user.pk})


def receive(request: HttpRequest, row: SourceSet) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        for file in form.cleaned_data["images"]:
            try:
                uploads.receive(row, file)
            except uploads.UploadRefused as refusal:
                messages.error(request, refusal.message)
        return redirect(row)
    context = whole(request, row) | {"form": form, "mine": True}
    return render(request, "source_sets/detail.html", context, status=422)


def whole(request: HttpRequest, row: SourceSet) -> dict[str, object]:
    return intake_report.of(row, request.GET) | {
        "form": UploadForm(),
        "unfinished": uploads.unfinished(row),
        "versions": source_sets.versions(row),
        "jobs": row.jobs.select_related("dataset", "source_set").order_by("-created_at")[:10],
        "newer": SourceSet.objects.filter(previous=row).first(),
        "why_kept": source_sets.why_kept(row),
    }


@login_required
@require_http_methods(["GET", "POST"])
def source_set_rename(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = own_source_set(request.user, public_id)
    form = RenameForm(request.POST or None, initial={"name": row.name})
    if form.is_valid():
        source_sets.rename(row, form.cleaned_data["name"])
        messages.success(request, _("The new name is saved."))
        return redirect(row)
    context = {"form": form, "source_set": row}
    return render(request, "source_sets/rename.html", context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def source_set_delete(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Asks on a page of its own, so that nothing is lost by one wrong tap."""
    row = own_source_set(request.user, public_id)
    if request.method == "GET":
        context = {"source_set": row, "count": row.images.count(), "why_kept": source_sets.why_kept(row)}
        return render(request, "source_sets/delete.html", context)
    try:
        source_sets.delete(row)
    except uploads.UploadRefused as refusal:
        messages.error(request, refusal.message)
        return redirect(row)
    messages.success(request, _("“%(name)s” and its images are deleted.") % {"name": row.name})
    return redirect("source-set-list")


@login_required
@require_POST
def source_images_delete(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One image by its number, or all that `which` names."""
    row = own_source_set(request.user, public_id)
    number, which = request.POST.get("image", ""), request.POST.get("which", "")
    chosen = row.images.filter(pk=int(number)) if number.isdecimal() else intake_report.deletable(row, which)
    try:
        count = selections.delete(row, chosen)
        messages.success(
            request, ngettext("%(count)d image deleted.", "%(count)d images deleted.", count) % {"count": count}
        )
    except uploads.UploadRefused as refusal:
        messages.error(request, refusal.message)
    return redirect(row)


@login_required
@require_POST
def upload_drop(request: HttpRequest, public_id: UUID, upload_id: UUID) -> HttpResponse:
    upload = own_upload(request.user, public_id, upload_id)
    try:
        uploads.drop(upload)
        messages.success(request, _("%(name)s is dropped.") % {"name": upload.file_name})
    except uploads.UploadRefused as refusal:
        messages.error(request, refusal.message)
    return redirect(upload.source_set)


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
    # Pillow costs the web process 15 MB: it is loaded once somebody looks at pictures.
    from generation.thumbnails import thumbnail

    image = get_object_or_404(source_set_for(request.user, public_id).images.exclude(key=""), pk=pk)
    return HttpResponse(thumbnail(image.key), content_type="image/png")


urlpatterns = [
    path("studio/source-sets/", source_set_list, name="source-set-list"),
    path("studio/source-sets/new/", source_set_new, name="source-set-new"),
    path("studio/source-sets/<uuid:public_id>/", source_set, name="source-set"),
    path("studio/source-sets/<uuid:public_id>/rename/", source_set_rename, name="source-set-rename"),
    path("studio/source-sets/<uuid:public_id>/delete/", source_set_delete, name="source-set-delete"),
    path("studio/source-sets/<uuid:public_id>/version/", source_set_version, name="source-set-version"),
    path("studio/source-sets/<uuid:public_id>/images/delete/", source_images_delete, name="source-images-delete"),
    path("studio/source-sets/<uuid:public_id>/images/<int:pk>/", source_image, name="source-image"),
    path("studio/source-sets/<uuid:public_id>/uploads/<uuid:upload_id>/drop/", upload_drop, name="upload-drop"),
]
