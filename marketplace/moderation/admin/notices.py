"""Notices, takedowns and appeals."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.accounts.models import User
from marketplace.listings.models import Listing, ListingVersion
from marketplace.moderation import appeals, decisions, notices, takedowns
from marketplace.moderation.forms import AnswerForm
from marketplace.moderation.models import Appeal, Notice, Takedown

from .actions import ActingAdmin, Action, Facts, Refused


class OfNotice(Action):
    permission = "moderation.change_notice"
    form_class: ClassVar[type[forms.Form]] = AnswerForm

    def facts(self, row: Notice) -> Facts:
        return [
            (gettext_lazy("notice"), row),
            (gettext_lazy("listing"), review_link(row)),
            (gettext_lazy("what is wrong"), row.text),
            (gettext_lazy("the work it is about, and where it can be seen"), row.work or "–"),
            (gettext_lazy("signed by"), row.signature or "–"),
            (gettext_lazy("further reporters"), row.merged.count()),
        ]

    def barred(self, row: Notice, by: User | AnonymousUser) -> str:
        own = by.pk in (row.listing.seller_id, row.reporter_id)
        return _("Nobody decides about a notice of their own or about their own listing.") if own else ""

    def refusal(self, row: Notice) -> str:
        if row.same_as_id:
            return _("It is part of %(number)s: decide there.") % {"number": row.same_as.number if row.same_as else ""}
        return "" if row.state == Notice.State.OPEN else _("This notice is decided.")


class Freeze(OfNotice):
    """One click, no question: what is urgent is stopped first and looked into then. Undone by as little."""

    name = "freeze"
    button = gettext_lazy("Freeze the listing now")
    meaning = gettext_lazy("It is off sale at once. Whoever bought it keeps it. The seller is told, and may appeal.")
    permission = "moderation.add_decision"
    form_class = forms.Form

    def refusal(self, row: Notice) -> str:
        on_sale = row.listing.state == row.listing.State.PUBLISHED
        return super().refusal(row) or ("" if on_sale else _("This listing is not on sale."))

    def do(self, row: Notice, by: User, **given: Any) -> str:
        if row.listing.current is None:
            raise Refused(_("This listing is not on sale."))
        try:
            decisions.freeze(row.listing.current, by)
        except decisions.DecisionRefused as refused:
            raise Refused(refused.message) from None
        return _("Frozen. Now look into it: the notice is still open.")


class TakeDown(OfNotice):
    name = "take-down"
    button = gettext_lazy("Agree, and take it down")
    meaning = gettext_lazy(
        "For claims of right: the listing is off sale and is delivered to nobody, its buyers are offered their money "
        "back, and both sides are told. The seller may answer within 30 days; the listing then returns 14 days later, "
        "by itself, unless a lawsuit is shown."
    )

    def refusal(self, row: Notice) -> str:
        return super().refusal(row) or ("" if row.listing.current else _("This listing is not on sale."))

    def do(self, row: Notice, by: User, **given: Any) -> str:
        try:
            takedown = takedowns.take_down(row, by, given["answer"])
        except (takedowns.TakedownRefused, notices.NoticeRefused, decisions.DecisionRefused) as refused:
            raise Refused(refused.message, refused.field) from None
        return _("Taken down. The seller may answer until %(until)s.") % {"until": f"{takedown.answer_until:%Y-%m-%d}"}


class Uphold(OfNotice):
    name = "agree"
    button = gettext_lazy("Agree, and decide on the listing")
    meaning = gettext_lazy("Whoever reported it is told that you agree. You then suspend the listing with a reason.")

    def after(self, row: Notice) -> str:
        return review_address(row.listing)

    def do(self, row: Notice, by: User, **given: Any) -> str:
        return closed(row, Notice.State.UPHELD, by, given["answer"])


class Dismiss(OfNotice):
    name = "dismiss"
    button = gettext_lazy("Do not agree")
    meaning = gettext_lazy("The listing stays. Everybody who reported the same is told why.")

    def do(self, row: Notice, by: User, **given: Any) -> str:
        return closed(row, Notice.State.DISMISSED, by, given["answer"])


def closed(row: Notice, state: str, by: User, answer: str) -> str:
    try:
        notices.close(row, state, by=by, answer=answer)
    except notices.NoticeRefused as refused:
        raise Refused(refused.message, refused.field) from None
    return _("Decided. Everybody who reported it is told.")


def review_address(listing: Listing) -> str:
    return reverse("admin:moderation_review_decide", args=[listing.public_id])


def review_link(row: Notice) -> SafeString:
    return format_html('<a href="{}">{}</a>', review_address(row.listing), row.listing)


class MergedNotices(admin.TabularInline):
    model = Notice
    fk_name = "same_as"
    extra = 0
    can_delete = False
    readonly_fields = ["number", "text", "name", "email", "created_at"]
    fields = tuple(readonly_fields)
    verbose_name_plural = gettext_lazy("reported by others too")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Notice)
class NoticeAdmin(ActingAdmin):
    list_display = ["number", "kind", "listing_name", "state", "created_at", "decided_at", "decided_by"]
    list_filter = ["state", "kind"]
    list_select_related = ["listing__current", "decided_by"]
    search_fields = ["number", "listing__public_id", "email", "reporter__email", "text"]
    fields = [
        "number", "kind", "evidence", "state", "text", "work", "good_faith", "accurate", "signature", "reporter",
        "name", "email", "same_as", "answer", "decided_by", "created_at", "decided_at",
    ]  # fmt: skip
    readonly_fields = ["evidence"]
    inlines = (MergedNotices,)
    acts = [Freeze, TakeDown, Uphold, Dismiss]

    def evidence_of(self, row: Notice) -> ListingVersion | None:
        return row.listing.current

    @admin.display(description=gettext_lazy("listing"))
    def listing_name(self, row: Notice) -> str:
        return row.listing.current.title if row.listing.current else str(row.listing.public_id)

    @admin.display(description=gettext_lazy("listing, and evidence"))
    def evidence(self, row: Notice) -> SafeString:
        return review_link(row)


class Lawsuit(Action):
    class LawsuitForm(forms.Form):
        lawsuit = forms.CharField(label=gettext_lazy("Court and number of the lawsuit"), max_length=500)

    name = "lawsuit"
    button = gettext_lazy("A lawsuit was shown")
    meaning = gettext_lazy("The listing stays down until a person restores it. Both sides are told.")
    permission = "moderation.change_takedown"
    form_class = LawsuitForm

    def refusal(self, row: Takedown) -> str:
        running = row.state in (Takedown.State.STOPPED, Takedown.State.COUNTERED)
        return "" if running else _("This takedown has ended already.")

    def do(self, row: Takedown, by: User, **given: Any) -> str:
        try:
            takedowns.lawsuit(row, by, given["lawsuit"])
        except takedowns.TakedownRefused as refused:
            raise Refused(refused.message, refused.field) from None
        return _("It stays down. Both sides are told.")


@admin.register(Takedown)
class TakedownAdmin(ActingAdmin):
    list_display = ["notice", "listing_name", "state", "created_at", "answer_until", "restore_at", "ended_at"]
    list_filter = ["state"]
    list_select_related = ["notice", "listing__current"]
    search_fields = ["notice__number", "listing__public_id"]
    acts = [Lawsuit]

    @admin.display(description=gettext_lazy("listing"))
    def listing_name(self, row: Takedown) -> str:
        return row.listing.current.title if row.listing.current else str(row.listing.public_id)


class OfAppeal(Action):
    permission = "moderation.change_appeal"
    form_class = AnswerForm
    granted: bool

    def facts(self, row: Appeal) -> Facts:
        about = row.decision or row.suspension
        return [
            (gettext_lazy("about"), about),
            (gettext_lazy("its reason"), about.reason if about else ""),
            (gettext_lazy("asked by"), row.author),
            (gettext_lazy("why it was wrong"), row.text),
        ]

    def barred(self, row: Appeal, by: User | AnonymousUser) -> str:
        if by.pk in (row.against, row.author_id):
            return _("An appeal is decided by another person than the one whose decision it is about.")
        return ""

    def refusal(self, row: Appeal) -> str:
        return "" if row.state == Appeal.State.OPEN else _("This appeal is decided.")

    def do(self, row: Appeal, by: User, **given: Any) -> str:
        try:
            appeals.decide(row, by, granted=self.granted, answer=given["answer"])
        except appeals.AppealRefused as refused:
            raise Refused(refused.message, refused.field) from None
        return _("Decided. The person is told.")


class Grant(OfAppeal):
    name, granted = "grant", True
    button = gettext_lazy("Grant the appeal")
    meaning = gettext_lazy(
        "A rejected version is approved, a suspended listing restored, a suspension lifted, at once. Where the listing "
        "has changed since, the person is told only that they were right."
    )


class Deny(OfAppeal):
    name, granted = "deny", False
    button = gettext_lazy("Let the decision stand")
    meaning = gettext_lazy("The person is told why. There is no further appeal.")


@admin.register(Appeal)
class AppealAdmin(ActingAdmin):
    """Decided by another person than the one whose decision it is about."""

    list_display = ["__str__", "author", "state", "created_at", "decided_by", "decided_at"]
    list_filter = ["state"]
    list_select_related = ["author", "decision__version", "suspension__user", "decided_by"]
    search_fields = ["author__email", "text"]
    fields = ["evidence", "author", "text", "state", "answer", "decided_by", "created_at", "decided_at"]
    readonly_fields = ["evidence"]
    acts = [Grant, Deny]

    def evidence_of(self, row: Appeal) -> ListingVersion | None:
        return row.decision.version if row.decision else None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appeal]:
        return super().get_queryset(request).select_related("decision__version__listing", "suspension__user", "author")

    @admin.display(description=gettext_lazy("about, and its reason"))
    def evidence(self, row: Appeal) -> SafeString:
        if row.decision is None:
            return format_html("{}<br>{}", row.suspension, row.suspension.reason if row.suspension else "")
        address = review_address(row.decision.version.listing)
        by = row.decision.moderator or "–"
        return format_html('<a href="{}">{}</a> ({})<br>{}', address, row.decision, by, row.decision.reason)
