from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.listings.models import Licence, Listing, ListingVersion
from marketplace.listings.rules import as_amount
from marketplace.moderation.models import Decision

from .readonly import ReadOnlyAdmin


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ["version", "outcome", "reason_code", "moderator", "created_at"]
    list_filter = ["outcome", "reason_code"]
    list_select_related = ["version", "moderator"]
    search_fields = ["version__title", "moderator__email", "reason"]
    date_hierarchy = "created_at"


class VersionsOfListing(admin.TabularInline):
    model = ListingVersion
    extra = 0
    can_delete = False
    readonly_fields = ["number", "title", "price_as_written", "licence", "created_at", "sealed_at"]
    fields = tuple(readonly_fields)

    @admin.display(description=gettext_lazy("price"))
    def price_as_written(self, version: ListingVersion) -> str:
        return as_amount(version.price, version.currency)


@admin.register(Listing)
class ListingAdmin(ReadOnlyAdmin):
    list_display = ["name", "state", "price", "review", "seller", "published_at", "created_at"]
    list_filter = ["state", "current__currency", "published_at"]
    list_select_related = ["seller", "current"]
    search_fields = ["public_id", "seller__email", "seller__name", "versions__title"]
    fields = [
        "public_id", "seller", "state", "current", "in_review", "approved_at", "published_at", "created_at", "evidence",
    ]  # fmt: skip
    readonly_fields = ["evidence"]
    inlines = [VersionsOfListing]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Listing]:
        return super().get_queryset(request).prefetch_related("versions")

    @admin.display(description=gettext_lazy("title"))
    def name(self, listing: Listing) -> str:
        return str(newest(listing) or listing.public_id)

    @admin.display(description=gettext_lazy("price"), ordering="current__price")
    def price(self, listing: Listing) -> str:
        version = listing.current or newest(listing)
        return as_amount(version.price, version.currency) if version else "–"

    @admin.display(description=gettext_lazy("evidence"))
    def review(self, listing: Listing) -> str:
        if not any(version.sealed_at for version in listing.versions.all()):
            return "–"
        return link(reverse("admin:moderation_review_decide", args=[listing.public_id]), _("Look"))

    @admin.display(description=gettext_lazy("evidence"))
    def evidence(self, listing: Listing) -> SafeString:
        """The pages on which staff see what was made of what."""
        version = newest(listing)
        if version is None:
            return format_html("–")
        dataset = version.dataset
        pages = [
            (listing.get_absolute_url(), _("Page of the listing")),
            (dataset.get_absolute_url(), _("Dataset")),
            (dataset.job.get_absolute_url(), _("Generation job")),
            (dataset.job.source_set.get_absolute_url(), _("Source images")),
        ]
        if version.sealed_at or version.number > 1:
            review = reverse("admin:moderation_review_decide", args=[listing.public_id])
            pages.insert(0, (review, _("Evidence and decision")))
        return format_html_join(" · ", "{}", ((link(*page),) for page in pages))


def newest(listing: Listing) -> ListingVersion | None:
    """By the model's ordering, without a query of its own."""
    return next(iter(listing.versions.all()), None)


def link(address: str, text: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', address, text)


@admin.register(Licence)
class LicenceAdmin(ReadOnlyAdmin):
    list_display = ["code", "version", "title_en", "title_ko", "offered"]
    list_filter = ["offered"]
    search_fields = ["code", "title_en", "title_ko"]
