from collections import Counter
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.accounts.models import User
from marketplace.listings.models import ListingVersion
from marketplace.moderation import queue, risk, standard_words
from marketplace.moderation.decisions import DecisionRefused, decide, faster, freeze, may_decide, open_for
from marketplace.moderation.evidence import evidence, seen
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
PAGE = 50
GIVEN = ("outcome", "reason_code", "reason", "fix", "deadline")
# Those that staff choose by hand when they look at a version.
CODES = [(code.value, code.label) for code in Decision.ReasonCode if code not in ("", "legal", "urgent")]


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """One queue of everything that waits for a person. Each row leads to a page with the evidence and the decision."""

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.decide_view)
        freeze = self.admin_site.admin_view(self.freeze_view)
        return [
            path("<uuid:public_id>/", page, name="moderation_review_decide"),
            path("<uuid:public_id>/freeze/", freeze, name="moderation_review_freeze"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not may_decide(request.user):
            raise PermissionDenied
        waiting = queue.items()
        counts = Counter((item.kind, item.kind_name) for item in waiting)
        kind = request.GET.get("kind", "")
        shown = [item for item in waiting if kind in ("", item.kind)]
        context = {
            "title": capfirst(self.opts.verbose_name_plural),
            "opts": self.opts,
            "page": Paginator(shown, PAGE).get_page(request.GET.get("page")),
            "kinds": [(*kind, count) for kind, count in sorted(counts.items())],
            "kind": kind,
            "late": sum(item.late for item in waiting),
            "total": len(waiting),
            "explained": risk.explained(),
        }
        template = "admin/moderation/queue.html"
        return TemplateResponse(request, template, self.admin_site.each_context(request) | context)

    def freeze_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """One click. Undone by another: restore."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not may_decide(request.user):
            raise PermissionDenied
        assert isinstance(request.user, User)
        version = looked_at(public_id)
        try:
            freeze(version.listing.current or version, request.user)
            messages.success(request, DONE[Outcome.SUSPEND] % {"title": version.title})
        except DecisionRefused as refused:
            messages.error(request, refused.message)
        return redirect("admin:moderation_review_decide", public_id)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_decide(request.user)

    def decide_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        if not may_decide(request.user):
            raise PermissionDenied
        version = looked_at(public_id)
        outcomes = open_for(version)
        form = DecisionForm(request.POST or None, initial={"version": version.number}, outcomes=outcomes)
        if request.method == "GET":
            assert isinstance(request.user, User)
            seen(version, request.user)
        if request.method == "POST" and form.is_valid() and self.decided(request, version, form):
            return redirect("admin:moderation_review_changelist")
        if form.is_bound and not outcomes:
            form.add_error(None, faster(version, Outcome.APPROVE) or _("This listing does not wait for a decision."))
        return TemplateResponse(request, "moderation/review.html", self.page(request, version, form))

    def decided(self, request: HttpRequest, version: ListingVersion, form: DecisionForm) -> bool:
        data = form.cleaned_data
        assert isinstance(request.user, User)
        try:
            decision = decide(version, request.user, **{name: data[name] for name in GIVEN})
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
            "outcomes": open_for(version),
            "of_review": Outcome.REJECT in open_for(version),
            "can_freeze": version.listing.state == version.listing.State.PUBLISHED,
            "standard": [(code, label, standard_words.why(code), standard_words.remedy(code)) for code, label in CODES],
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
