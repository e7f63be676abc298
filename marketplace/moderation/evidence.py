"""What a moderator looks at before deciding."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from generation.forms import SourceSetForm
from generation.models import SourceImage, SourceSet
from generation.nearest import Pair, nearest
from marketplace.listings.figures import Figure, figures
from marketplace.listings.models import ListingVersion
from marketplace.listings.rules import as_amount

from .models import Decision

SOURCES_SHOWN = 24


@dataclass(frozen=True)
class Evidence:
    version: ListingVersion
    price: str
    figures: list[Figure]
    nearest: list[Pair]
    source_set: SourceSet
    sources: list[SourceImage]
    verdicts: dict[str, int]
    declared: list[tuple[str, bool]]
    decisions: QuerySet[Decision]
    listings_of_seller: int


def evidence(version: ListingVersion) -> Evidence:
    source_set = version.dataset.generator.source_set
    listing = version.listing
    return Evidence(
        version=version,
        price=as_amount(version.price, version.currency) if version.price else _("free"),
        figures=figures(version.dataset.report),
        nearest=nearest(version.dataset.report, source_set),
        source_set=source_set,
        sources=some_sources(source_set),
        verdicts=verdicts(source_set),
        declared=declared(source_set),
        decisions=Decision.objects.filter(version__listing=listing).select_related("version", "moderator"),
        listings_of_seller=listing.seller.listings.exclude(pk=listing.pk).count(),
    )


def declared(source_set: SourceSet) -> list[tuple[str, bool]]:
    """In the words that the seller agreed to."""
    fields = SourceSetForm.base_fields
    return [
        (str(fields[name].label) if name in fields else name.replace("_", " "), bool(given))
        for name, given in source_set.declaration.items()
    ]


def some_sources(source_set: SourceSet) -> list[SourceImage]:
    """At equal steps through the set, so that no corner of it is left out."""
    ids = list(source_set.usable_images.order_by("pk").values_list("pk", flat=True))
    chosen = ids[:: max(1, len(ids) // SOURCES_SHOWN)][:SOURCES_SHOWN]
    return list(SourceImage.objects.filter(pk__in=chosen).order_by("pk"))


def verdicts(source_set: SourceSet) -> dict[str, int]:
    labels = dict(SourceImage.Verdict.choices)
    given = source_set.images.order_by().values_list("verdict", flat=True)
    return {str(label): given.filter(verdict=verdict).count() for verdict, label in labels.items()}
