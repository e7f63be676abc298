from django import template

from generation import formats
from generation.models import Dataset

register = template.Library()


@register.simple_tag
def formats_of(dataset: Dataset) -> list[formats.Format]:
    return formats.of_owner(dataset)
