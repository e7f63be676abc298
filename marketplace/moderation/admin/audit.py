import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from marketplace.moderation.models import AuditEntry

from .readonly import ReadOnlyAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["number", "at", "actor", "action", "subject", "short_reason"]
    list_filter = ["action", "at"]
    list_select_related = ["actor"]
    search_fields = ["subject", "action", "why", "actor__email"]
    fields = [
        "number",
        "at",
        "actor",
        "action",
        "subject",
        "written_before",
        "written_after",
        "why",
        "previous",
        "digest",
    ]
    readonly_fields = ["written_before", "written_after"]
    show_full_result_count = False

    @admin.display(description=gettext_lazy("why"))
    def short_reason(self, row: AuditEntry) -> str:
        return row.why[:80]

    @admin.display(description=gettext_lazy("before"))
    def written_before(self, row: AuditEntry) -> SafeString:
        return written(row.before)

    @admin.display(description=gettext_lazy("after"))
    def written_after(self, row: AuditEntry) -> SafeString:
        return written(row.after)


def written(facts: dict[str, object]) -> SafeString:
    return format_html("<pre>{}</pre>", json.dumps(facts, ensure_ascii=False, indent=2) if facts else "–")
