from collections.abc import Sequence

from django import template

from generation import spans

register = template.Library()


@register.filter
def span(seconds: Sequence[float]) -> str:
    """A low and a high guess, in words."""
    return spans.span(*seconds)


@register.filter
def took(seconds: float | None) -> str:
    return "–" if seconds is None else spans.worded(spans.rounded(seconds))
