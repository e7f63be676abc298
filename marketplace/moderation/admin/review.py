from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.accounts.models import User
from marketplace.listings.models import ListingVersion
from marketplace.listings.rules import as_amount
from marketplace.moderation.decisions import DecisionRefused, decide, faster, may_decide, open_for
from marketplace.moderation.evidence import evidence
from marketplace.moderation.forms import DecisionForm
from marketplace.moderation.models import Decision, Review

from .readonly import ReadOnlyAdmin

Outcome = Decision.Outcome
DONE = {
    Outcome.APPROVE: gettext_lazy("“%(title)s” goes on sale as soon as its files are written, mostly within a minute."),
    Outcome.REJECT: gettext_lazy("“%(title)s” was sent back to its seller."),
    Outcome.SUSPEND: gettext_lazy("“%(title)s” is off sale. Its seller was told why."),
    Outcome.RESTORE: gettext_lazy("“%(title)s” is on sale again."),
}


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """The queue, oldest first. Each row leads to a page with the evidence and the form that decides."""

    list_display = ["listing_link", "version", "seller", "amount", "images", "submitted"]
    list_display_links = None
    list_select_related = ["listing__seller", "dataset"]
    search_fields = ["title", "listing__seller__email"]
    ordering = ["sealed_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        waiting = {"in_review_of__isnull": False, "in_review_of__approved_at__isnull": True}
        return super().get_queryset(request).filter(**waiting)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.decide_view)
        return [path("<uuid:public_id>/", page, name="moderation_review_decide"), *super().get_urls()]

    @admin.display(description=gettext_lazy("listing"), ordering="title")
    def listing_link(self, version: Review) -> str:
        address = reverse("admin:moderation_review_decide", args=[version.listing.public_id])
        return format_html('<a href="{}">{}</a>', address, version.title)

    @admin.display(description=gettext_lazy("Version"), ordering="number")
    def version(self, version: Review) -> int:
        return version.number

    @admin.display(description=gettext_lazy("Submitted"), ordering="sealed_at")
    def submitted(self, version: Review) -> Any:  # Any: Django formats the time
        return version.sealed_at

    @admin.display(description=gettext_lazy("seller"), ordering="listing__seller__name")
    def seller(self, version: Review) -> str:
        return version.listing.seller.name

    @admin.display(description=gettext_lazy("price"), ordering="price")
    def amount(self, version: Review) -> str:
        return as_amount(version.price, version.currency)

    @admin.display(description=gettext_lazy("images"))
    def images(self, version: Review) -> int:
        return version.dataset.count

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(
            request, (extra_context or {}) | {"title": capfirst(self.opts.verbose_name_plural)}
        )

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_decide(request.user)

    def decide_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        if not may_decide(request.user):
            raise PermissionDenied
        version = looked_at(public_id)
        outcomes = open_for(version)
        form = DecisionForm(request.POST or None, initial={"version": version.number}, outcomes=outcomes)
        if request.method == "POST" and form.is_valid() and self.decided(request, version, form):
            return redirect("admin:moderation_review_changelist")
        if form.is_bound and not outcomes:
            form.add_error(None, faster(version, Outcome.APPROVE) or _("This listing does not wait for a decision."))
        return TemplateResponse(request, "moderation/review.html", self.page(request, version, form))

    def decided(self, request: HttpRequest, version: ListingVersion, form: DecisionForm) -> bool:
        data = form.cleaned_data
        assert isinstance(request.user, User)
        try:
            decision = decide(version, request.user, data["outcome"], data["reason_code"], data["reason"])
        except DecisionRefused as refused:
            form.add_error(refused.field or None, refused.message)
            return False
        messages.success(request, DONE[Outcome(decision.outcome)] % {"title": version.title})
        return True

    def page(self, request: HttpRequest, version: ListingVersion, form: DecisionForm) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {
            "title": version.title,
            "opts": self.opts,
            "form": form,
            "waiting": bool(open_for(version)),
            "evidence": evidence(version),
        }


def looked_at(public_id: UUID) -> ListingVersion:
    """The version that waits; else what is or was on sale; else the newest that ever waited."""
    sealed = ListingVersion.objects.filter(listing__public_id=public_id, sealed_at__isnull=False)
    related = sealed.select_related("listing__seller", "dataset__generator__source_set", "licence")
    for chosen in (related.filter(in_review_of__isnull=False), related.filter(current_of__isnull=False), related):
        version = chosen.order_by("-number").first()
        if version is not None:
            return version
    raise Http404
