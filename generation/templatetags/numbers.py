from django import template

register = template.Library()


@register.filter
def first_of(count: int, most: int) -> range:
    """The first indexes of so many images, for a card."""
    return range(min(count, most))
