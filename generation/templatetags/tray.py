from typing import Any

from django import template

from generation import tray as trays

register = template.Library()


@register.inclusion_tag("notifications/_bar.html", takes_context=True)
def tray(context: template.Context) -> dict[str, Any]:  # Any: what a template is given
    """The signed-in person's running jobs and notifications, as numbers in the top bar."""
    request = context["request"]
    return {"counts": trays.counts(request.user), "request": request}
