from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import Licence, Listing
from marketplace.moderation.models import Decision

from .readonly import ReadOnlyAdmin


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ["version", "outcome", "reason_code", "moderator", "created_at"]
    list_filter = ["outcome", "reason_code"]
    list_select_related = ["version", "moderator"]
    search_fields = ["version__title", "moderator__email"]
    date_hierarchy = "created_at"


@admin.register(Listing)
class ListingAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "on_sale", "seller", "state", "published_at", "created_at"]
    list_filter = ["state"]
    list_select_related = ["seller", "current"]
    search_fields = ["public_id", "seller__email", "versions__title"]

    @admin.display(description=_("on sale"))
    def on_sale(self, listing: Listing) -> str:
        return str(listing.current) if listing.current else "–"


@admin.register(Licence)
class LicenceAdmin(ReadOnlyAdmin):
    list_display = ["code", "version", "title_en", "title_ko", "offered"]
