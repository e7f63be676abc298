"""Blocked hashes, with a dry run before; and who sent blocked pictures."""

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from generation.checkers import CheckerPool
from generation.models import SourceSet
from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.moderation import blocks
from marketplace.moderation.forms import ReasonForm
from marketplace.moderation.models import BlockedHash, Flag

from .actions import ActingAdmin, Action, Facts

MOST = 1_000
MAX_PICTURE = 64 * 1024 * 1024


class BlockForm(forms.Form):
    digests = forms.CharField(
        label=gettext_lazy("SHA-256 of files or of pixels, one a line"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 70, "spellcheck": "false"}),
    )
    picture = forms.FileField(
        label=gettext_lazy("or the picture itself"),
        required=False,
        help_text=gettext_lazy("Its two hashes are computed and nothing of it is kept."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why, for staff and the audit trail"),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 70}),
        error_messages={"required": gettext_lazy("Say why: it is kept in the audit trail.")},
    )

    def clean_digests(self) -> list[str]:
        found = self.cleaned_data["digests"].lower().split()
        wrong = [text for text in found if not re.fullmatch("[0-9a-f]{64}", text)]
        if wrong:
            raise forms.ValidationError(
                _("“%(text)s” is no SHA-256: it has 64 digits from 0 to f."), params={"text": wrong[0][:80]}
            )
        if len(found) > MOST:
            raise forms.ValidationError(_("At most %(most)d at a time."), params={"most": MOST})
        return found

    def clean_picture(self) -> list[str]:
        picture: UploadedFile | None = self.cleaned_data["picture"]
        if picture is None:
            return []
        if (picture.size or 0) > MAX_PICTURE:
            raise forms.ValidationError(_("The file is larger than 64 MB."))
        with CheckerPool(1) as pool:
            checked = pool.check(picture.read())
        return [digest for digest in (checked.sha256, checked.pixel_sha256) if digest]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["all"] = [*cleaned.get("digests", []), *cleaned.get("picture", [])]
        if not self.errors and not cleaned["all"]:
            self.add_error("digests", _("Give a hash or a picture."))
        return cleaned


class Unblock(Action):
    name = "unblock"
    button = gettext_lazy("Unblock")
    meaning = gettext_lazy("The picture may be uploaded and trained on again. What was refused before stays refused.")
    permission = "moderation.delete_blockedhash"

    def do(self, row: BlockedHash, by: User, **given: Any) -> str:
        blocks.unblock(row, by, given["why"])
        return _("Unblocked.")


@admin.register(BlockedHash)
class BlockedHashAdmin(ActingAdmin):
    """Only people make a block, and they see first what it would hit."""

    list_display = ["digest", "reason", "blocked_by", "created_at"]
    list_select_related = ["blocked_by"]
    search_fields = ["digest", "reason"]
    acts = [Unblock]
    change_form_template = "admin/moderation/blocked.html"

    def deeds(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return super().deeds(request, row) | {"hits": blocks.dry_run([row.digest])}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("moderation.add_blockedhash")

    def after(self, row: Any) -> str:
        return reverse("admin:moderation_blockedhash_changelist")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = BlockForm(request.POST or None, request.FILES or None)
        if form.is_valid() and "confirmed" in request.POST:
            assert isinstance(request.user, User)
            hits = blocks.block(form.cleaned_data["all"], request.user, form.cleaned_data["reason"])
            done = _("Blocked: %(count)d hashes.") % {"count": len(hits.digests) + len(hits.pixels)}
            messages.success(request, done)
            return redirect("admin:moderation_blockedhash_changelist")
        context = {"title": _("Block pictures"), "opts": self.opts, "form": form}
        if form.is_valid():
            context["hits"] = blocks.dry_run(form.cleaned_data["all"])
        return TemplateResponse(request, "admin/moderation/block.html", self.admin_site.each_context(request) | context)


class Look(Action):
    name = "looked-at"
    button = gettext_lazy("Looked at")
    meaning = gettext_lazy("All that this person sent so far counts as looked at, and leaves the queue.")
    permission = "moderation.change_flag"
    form_class = ReasonForm

    def refusal(self, row: Flag) -> str:
        return "" if row.looked_at is None else _("Somebody has looked at this already.")

    def facts(self, row: Flag) -> Facts:
        return [(gettext_lazy("sent by"), row.owner), (gettext_lazy("what they sent"), sent(row))]

    def do(self, row: Flag, by: User, **given: Any) -> str:
        flags = Flag.objects.filter(owner=row.owner, looked_at__isnull=True).values_list("pk", flat=True)
        return _("Looked at: %(count)d") % {"count": blocks.looked_at(list(flags), by, given["why"])}


def sent(row: Flag) -> SafeString:
    """Everything that waits of this person: the reason for the block, the set it was sent to and what is sold of it."""
    rows = Flag.objects.filter(owner=row.owner, looked_at__isnull=row.looked_at is None).select_related("source_set")
    shown = list(rows[:50])
    reasons = dict(BlockedHash.objects.filter(digest__in=rows.values("digest")).values_list("digest", "reason"))
    return format_html_join("", "<div>{} · <code>{}…</code> · {} · {}{}</div>", [told(one, reasons) for one in shown])


def told(one: Flag, reasons: dict[str, str]) -> tuple[object, ...]:
    when = formats.date_format(timezone.localtime(one.created_at), "SHORT_DATETIME_FORMAT")
    row = one.source_set
    return (
        when,
        one.digest[:16],
        reasons.get(one.digest, "–"),
        link(row.get_absolute_url(), row) if row else "–",
        sold(row),
    )


def sold(source_set: SourceSet | None) -> SafeString:
    """Listings of datasets that were made of the set, with their evidence."""
    found = Listing.objects.filter(versions__dataset__generator__source_set=source_set, published_at__isnull=False)
    review = "admin:moderation_review_decide"
    links = [(link(reverse(review, args=[one.public_id]), one),) for one in found.distinct()[:10]] if source_set else []
    return format_html_join("", " · {}", links)


def link(address: str, text: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', address, text)


@admin.register(Flag)
class FlagAdmin(ActingAdmin):
    list_display = ["digest", "owner", "source_set", "created_at", "looked_at", "looked_by"]
    list_filter = [("looked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["owner", "source_set", "looked_by"]
    search_fields = ["digest", "owner__email"]
    fields = ["owner", "what_they_sent", "what_to_do", "looked_at", "looked_by", "note"]
    readonly_fields = ["what_they_sent", "what_to_do"]
    acts = [Look]

    @admin.display(description=gettext_lazy("what can be done"))
    def what_to_do(self, row: Flag) -> SafeString:
        return link(reverse("admin:moderation_suspension_add") + f"?user={row.owner_id}", _("Suspend…"))

    @admin.display(description=gettext_lazy("what they sent"))
    def what_they_sent(self, row: Flag) -> SafeString:
        return sent(row)
