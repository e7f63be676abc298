from typing import Any

from django import template

from generation import quotas

register = template.Library()


@register.inclusion_tag("source_sets/_room.html", takes_context=True)
def storage(context: template.Context) -> dict[str, Any]:
    """How much room the signed-in person's account uses."""
    return {"room": quotas.room_of(context["request"].user.pk)}
