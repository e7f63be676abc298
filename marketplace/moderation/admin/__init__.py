"""The staff side. Rows that tell what happened are read here and changed nowhere."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from . import audit, blocks, entrance, money, notices, people, records, review, words

__all__ = ["audit", "blocks", "entrance", "money", "notices", "people", "records", "review", "words"]

admin.site.site_header = "GANerate"
admin.site.site_title = "GANerate"
admin.site.index_title = _("Staff")
# Nothing is deleted by the dozen: what happened is kept, and what may go has a page that asks why.
admin.site.disable_action("delete_selected")
