from collections.abc import Mapping

from django import template

from generation.forms import PRESETS

register = template.Library()


@register.filter
def preset(code: str) -> object:
    """Its name in words; an old code that is no longer offered stays as it is."""
    return dict(PRESETS).get(code, code)


@register.filter
def of(notes: Mapping[object, object] | str, value: object) -> object:
    """The note that belongs to a choice."""
    return notes.get(value, "") if isinstance(notes, Mapping) else ""
