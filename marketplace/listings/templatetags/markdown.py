from django import template
from django.utils.safestring import SafeString

from marketplace.listings import markdown as texts

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    return texts.html(text)


@register.filter
def markdown_words(text: str) -> str:
    return texts.words(text)
