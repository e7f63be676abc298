from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def of(notes: Mapping[str, object], value: str) -> object:
    """The note that belongs to a choice."""
    return notes.get(value, "")
