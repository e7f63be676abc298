"""What sellers do with their listings."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from generation.access import visible
from generation.models import Dataset
from generation.readings import read
from generation.views.pages import MemberRequest, page_of

from .. import conflicts, declarations, drafts, readiness, rules
from ..access import own_listing, version_for
from ..forms import ListingForm
from ..models import Listing, ListingVersion
from .listing import shown


@login_required
@require_GET
def studio_listings(request: MemberRequest) -> HttpResponse:
    rows = Listing.objects.filter(seller=request.user).prefetch_related("versions__dataset")
    return render(request, "listings/mine.html", {"page": page_of(request, rows)})


@login_required
@permission_required("listings.add_listing", raise_exception=True)
@require_http_methods(["GET", "POST"])
def listing_new(request: MemberRequest, public_id: UUID) -> HttpResponse:
    dataset = get_object_or_404(visible(Dataset.objects.all(), request.user), public_id=public_id)
    form = ListingForm(request.POST or None, initial={"title": dataset.name, "currency": "KRW", "subject": "other"})
    if "look" not in request.POST and form.is_valid():
        try:
            row = drafts.create(request.user, dataset, **form.offer())
            return saved(request, row)
        except drafts.ListingRefused as refusal:
            form.refuse(refusal.field, refusal.message)
    offered = Listing.objects.filter(seller=request.user, versions__dataset=dataset).distinct()
    context = {"form": form, "dataset": dataset, "reading": read(dataset.report), "offered": offered}
    return editor(request, form, context)


@login_required
@require_http_methods(["GET", "POST"])
def listing_edit(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = own_listing(request.user, public_id)
    version = version_for(request.user, row)
    dataset = wanted_dataset(request, version)
    form = ListingForm(request.POST or None, initial=first_values(version, dataset), version=version)
    if "look" not in request.POST and form.is_valid():
        try:
            seen = form.cleaned_data["updated_at"]
            if seen is None:
                raise drafts.Stale
            drafts.edit(row, updated_at=seen, **form.offer())
            return saved(request, row)
        except drafts.Stale:
            return conflict(request, row, form)
        except drafts.ListingRefused as refusal:
            form.refuse(refusal.field, refusal.message)
    context = shown(request, row, version) | {
        "form": form,
        "dataset": dataset,
        "reading": read(dataset.report),
        "closed": row.state == Listing.State.SUSPENDED or row.in_review_id == version.pk,
        "decision": last_decision(row),
        "answers": declarations.answers(version),
        "points": readiness.points(version),
        "checks": readiness.checks(version),
        "ready": not readiness.missing(version),
    }
    return editor(request, form, context)


def wanted_dataset(request: MemberRequest, version: ListingVersion) -> Dataset:
    """`?dataset=` is one that is to be offered from now on."""
    asked = request.GET.get("dataset", "")
    own = visible(Dataset.objects.all(), request.user)
    return (own.filter(public_id=asked).first() if is_uuid(asked) else None) or version.dataset


def first_values(version: ListingVersion, dataset: Dataset) -> dict[str, Any]:  # Any: of form fields
    """As the version has them; the rights to other images are declared anew."""
    values = ListingForm.values(version)
    if dataset.pk == version.dataset_id:
        return values
    return {name: value for name, value in values.items() if name not in version.declaration} | {"dataset": dataset.pk}


def is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def editor(request: MemberRequest, form: ListingForm, context: dict[str, object]) -> HttpResponse:
    """With what was typed. Who only looks at the description is not told yet what is missing."""
    looks = "look" in request.POST
    if looks:
        form.errors.clear()
    status = 422 if form.is_bound and not looks else 200
    return render(request, "listings/edit.html", context | {"looks": looks}, status=status)


@login_required
@require_POST
def markdown_preview(request: MemberRequest) -> HttpResponse:
    """The description as buyers will read it, while it is written."""
    text = request.POST.get("description", "")[: rules.MAX_DESCRIPTION]
    return render(request, "listings/_description.html", {"text": text})


def last_decision(row: Listing) -> Any:  # Any: a row of the moderation app, which stands above this one
    """About what was submitted last; the draft that answers it still shows the reason."""
    submitted = row.versions.filter(sealed_at__isnull=False).first()
    return submitted.decisions.first() if submitted else None


def saved(request: MemberRequest, row: Listing) -> HttpResponse:
    if "preview" in request.POST:
        return redirect("listing-preview", row.public_id)
    if "submit" in request.POST:
        return listing_submit(request, row.public_id)
    messages.success(request, _("Saved."))
    return redirect("listing-edit", row.public_id)


def conflict(request: MemberRequest, row: Listing, form: ListingForm) -> HttpResponse:
    """Both sides of what differs, and a form that holds what was typed, now on top of what was saved."""
    version = version_for(request.user, own_listing(request.user, row.public_id))
    typed = request.POST.dict() | {"updated_at": version.updated_at.isoformat()}
    context = {
        "listing": row,
        "version": version,
        "form": ListingForm(typed, version=version),
        "differences": conflicts.differences(form, version),
    }
    return render(request, "listings/conflict.html", context, status=409)


@login_required
@require_GET
def listing_preview(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """The newest version, as a buyer will see it once it is on sale."""
    row = own_listing(request.user, public_id)
    context = shown(request, row, version_for(request.user, row)) | {"preview": True}
    return render(request, "listings/detail.html", context)


@login_required
@require_POST
def listing_submit(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = own_listing(request.user, public_id)
    try:
        if drafts.submit(row):
            messages.success(request, _("Submitted. Staff look at it before it goes on sale."))
        else:
            messages.info(request, _("It is in review already."))
    except drafts.ListingRefused as refusal:
        messages.error(request, _("Saved, not submitted yet. %(missing)s") % {"missing": refusal.message})
    return redirect("listing-edit", row.public_id)


@login_required
@require_POST
def listing_recall(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = own_listing(request.user, public_id)
    if drafts.recall(row):
        messages.success(request, _("Taken back. You can change it and submit it again."))
    else:
        messages.info(request, _("No version waits for a decision."))
    return redirect("listing-edit", row.public_id)


@login_required
@require_POST
def listing_withdraw(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = own_listing(request.user, public_id)
    if drafts.withdraw(row):
        messages.success(request, _("Withdrawn. Whoever bought it keeps it."))
    return redirect("listing-edit", row.public_id)


@login_required
@require_POST
def listing_discard(request: MemberRequest, public_id: UUID) -> HttpResponse:
    row = own_listing(request.user, public_id)
    if not drafts.discard(row):
        messages.info(request, _("There is no draft to discard."))
        return redirect("listing-edit", row.public_id)
    messages.success(request, _("The draft is gone."))
    return redirect("listing-edit", row.public_id) if row.pk else redirect("studio-listings")
