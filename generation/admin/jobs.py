"""Jobs, their tasks and events, and what people were told. What happened is history; only jobs can be acted on."""

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from generation.access import may_direct_work
from generation.models import GenerationJob, JobEvent, JobTask, Notification

from .deeds import DEEDS
from .readonly import AnyAdmin, ReadOnly
from .work import Work


@admin.register(GenerationJob)
class GenerationJobAdmin(ReadOnly, AnyAdmin):
    list_display = ["__str__", "owner", "state", "stage", "origin", "created_at", "finished_at", "public_id"]
    list_filter = ["state", "stage", "origin", "created_at"]
    list_select_related = ["source_set", "owner"]
    search_fields = ["public_id", "source_set__name", "owner__email", "reason"]
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["page", "owner", "source_set", "count", "state", "stage", "stop_intent", "reason"]}),
        (_("Course"), {"fields": ["created_at", "started_at", "finished_at", "tasks_by_state", "events"]}),
        (_("Lineage"), {"fields": ["origin", "parent", "starts_from", "generator", "first_slot"]}),
        (_("Recipe"), {"classes": ["collapse"], "fields": ["sharing", "seed", "requested", "resolved"]}),
        (_("Traceback and latest figures"), {"classes": ["collapse"], "fields": ["error", "snapshot"]}),
    ]
    readonly_fields = ["page", "tasks_by_state", "events", "error"]

    def get_urls(self) -> list[URLPattern]:
        own = [path("work/", self.admin_site.admin_view(Work.as_view(admin=self)), name="generation_work")]
        for deed in DEEDS:
            view = self.admin_site.admin_view(deed.as_view(admin=self))
            own.append(path(f"<uuid:public_id>/{deed.name}/", view, name=f"generation_job_{deed.name}"))
        return [*own, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        job: GenerationJob | None = kwargs.get("obj")
        may = may_direct_work(request.user)
        context["deeds"] = [
            (reverse(f"admin:generation_job_{deed.name}", args=[job.public_id]), deed.button)
            for deed in DEEDS
            if job is not None and may and not deed.refusal(job)
        ]
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("page of the job"))
    def page(self, job: GenerationJob) -> SafeString:
        return format_html('<a href="{}">{}</a>', job.get_absolute_url(), job.public_id)

    @admin.display(description=_("job tasks"))
    def tasks_by_state(self, job: GenerationJob) -> SafeString:
        """Numbers, because a job of a million images has thousands of tasks."""
        counts = job.tasks.order_by().values_list("state").annotate(n=Count("pk"))
        names = dict(JobTask.State.choices)
        address = reverse("admin:generation_jobtask_changelist")
        rows = [(address, job.pk, state, names[state], n) for state, n in counts]
        link = '<a href="{}?job__id__exact={}&amp;state__exact={}">{}: {}</a>'
        return format_html_join(" · ", link, rows) or SafeString("–")

    @admin.display(description=_("job events"))
    def events(self, job: GenerationJob) -> SafeString:
        address = reverse("admin:generation_jobevent_changelist")
        return format_html('<a href="{}?job__id__exact={}">{}</a>', address, job.pk, job.last_event)

    @admin.display(description=_("traceback"))
    def error(self, job: GenerationJob) -> SafeString:
        return format_html('<pre class="traceback">{}</pre>', job.traceback) if job.traceback else SafeString("–")


@admin.register(JobTask)
class JobTaskAdmin(ReadOnly, AnyAdmin):
    list_display = ["id", "kind", "job", "upload", "queue", "state", "attempt", "lease_until", "worker", "created_at"]
    list_filter = ["queue", "state", "kind"]
    list_select_related = ["job__source_set", "upload"]
    search_fields = ["job__public_id", "worker", "upload__file_name", "last_error"]
    show_full_result_count = False
    ordering = ["-id"]


@admin.register(JobEvent)
class JobEventAdmin(ReadOnly, AnyAdmin):
    list_display = ["job", "number", "kind", "created_at"]
    list_select_related = ["job__source_set"]
    search_fields = ["job__public_id", "=kind"]
    show_full_result_count = False
    ordering = ["-id"]


@admin.register(Notification)
class NotificationAdmin(ReadOnly, AnyAdmin):
    list_display = ["owner", "kind", "job", "title", "created_at", "read_at", "mail_due_at", "mailed_at"]
    list_filter = ["kind", ("mail_due_at", admin.EmptyFieldListFilter), ("mailed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["owner", "job__source_set"]
    search_fields = ["owner__email", "job__public_id", "job__source_set__name", "title"]
    show_full_result_count = False
