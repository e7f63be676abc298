from django import template

from marketplace.moderation import queue

register = template.Library()


@register.simple_tag
def waiting() -> dict[str, int]:
    """How much is in the queue of staff, and how much of it is late."""
    items = queue.items()
    return {"count": len(items), "late": sum(item.late for item in items)}
