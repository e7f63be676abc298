from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.generic import View

from generation import operations
from generation.access import may_direct_work, may_see_work
from generation.models import GenerationJob

from .readonly import AnyAdmin

# Of what staff did, the newest.
SHOWN = 10


class Work(View):
    """The page, and its changing part alone, which asks for itself again."""

    admin: AnyAdmin = None  # type: ignore[assignment]  # given to as_view()
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        if not may_see_work(request.user):
            raise PermissionDenied
        part = request.headers.get("X-Part") == "work"
        template = "admin/generation/_work.html" if part else "admin/generation/work.html"
        return TemplateResponse(request, template, self.context(request))

    def context(self, request: HttpRequest) -> dict[str, Any]:
        return self.admin.admin_site.each_context(request) | {
            "title": _("Operations"),
            "opts": self.admin.opts,
            "people": get_user_model()._meta,
            "work": operations.work(),
            "names": dict(GenerationJob.State.choices),
            "may_direct": may_direct_work(request.user),
            "deeds": deeds()[:SHOWN],
        }


def deeds() -> QuerySet[LogEntry]:
    """What staff did to jobs."""
    kind = ContentType.objects.get_for_model(GenerationJob)
    return LogEntry.objects.filter(content_type=kind).select_related("user").order_by("-action_time")
