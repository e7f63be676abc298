from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse


def asking(
    admin: ModelAdmin, request: HttpRequest, rows: QuerySet[Any], action: str, question: str
) -> TemplateResponse | None:
    """A page that asks before `action` is done to the chosen rows; None once it was answered with yes."""
    if "confirmed" in request.POST:
        return None
    context = admin.admin_site.each_context(request) | {
        "title": question,
        "opts": admin.opts,
        "rows": rows,
        "action": action,
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/confirm.html", context)
