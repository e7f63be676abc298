from datetime import datetime

from django import template
from django.utils import timezone

register = template.Library()


@register.filter
def seconds_left(until: datetime | None) -> int | None:
    """Below zero when it is over."""
    return None if until is None else round((until - timezone.now()).total_seconds())


@register.filter
def seconds_ago(at: datetime | None) -> int | None:
    return None if at is None else max(0, round((timezone.now() - at).total_seconds()))


@register.filter
def last_line(text: str) -> str:
    """Of a traceback, what was wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
