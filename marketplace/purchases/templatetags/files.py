from urllib.parse import urlsplit

from django import template

from generation.bundles import Bundle
from generation.formats import Format
from marketplace.purchases import delivery
from marketplace.purchases.models import Purchase

register = template.Library()


@register.simple_tag
def file_link(purchase: Purchase, kind: str, file: Bundle) -> str:
    """Its path: the page is of this very site, under whatever name the reader reached it."""
    return urlsplit(delivery.link(purchase, kind, file)).path


@register.simple_tag
def file_command(purchase: Purchase, kind: str, file: Bundle) -> str:
    return delivery.command(purchase, kind, file)


@register.simple_tag
def command_for_all(purchase: Purchase, one: Format) -> str:
    return delivery.command_for_all(purchase, one)


@register.simple_tag
def check_command(purchase: Purchase, one: Format) -> str:
    return delivery.check_command(purchase, one)
