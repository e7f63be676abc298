from django import template
from django.utils.formats import number_format
from django.utils.functional import Promise

from generation.findings import Report
from marketplace.listings import bands
from marketplace.listings.models import Listing

register = template.Library()
# What speaks for a dataset; the rest stands in its report.
WORTH_SAYING = ("excellent", "good", "none_found")


@register.filter
def marks(report: Report) -> list[str | Promise]:
    quality, copies = bands.quality_band(report), bands.copy_band(report)
    names = {quality: bands.QUALITY[quality], copies: bands.COPIES[copies]}
    return [name for band, name in names.items() if band in WORTH_SAYING]


@register.filter
def stars(listing: Listing) -> str:
    return number_format(listing.rating_sum / listing.rating_count, 1)
