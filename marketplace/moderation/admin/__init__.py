"""The staff side. Rows that tell what happened are read here and changed nowhere."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from . import money, people, records, review

__all__ = ["money", "people", "records", "review"]

admin.site.site_header = "GANerate"
admin.site.site_title = "GANerate"
admin.site.index_title = _("Staff")
