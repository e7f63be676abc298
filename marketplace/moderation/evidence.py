"""What a moderator looks at before deciding."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from generation import summaries
from generation.forms import SourceSetForm
from generation.models import SourceImage, SourceSet
from generation.nearest import Pair, nearest
from generation.reasons import worded
from marketplace.accounts.models import User
from marketplace.listings import declarations, readiness
from marketplace.listings.figures import Figure, figures
from marketplace.listings.models import ListingVersion
from marketplace.listings.rules import as_amount

from . import audit, queue, risk
from .models import AuditEntry, Decision, Notice

SOURCES_SHOWN = 60


@dataclass(frozen=True)
class Evidence:
    version: ListingVersion
    price: str
    figures: list[Figure]
    nearest: list[Pair]
    source_set: SourceSet
    sources: list[SourceImage]
    verdicts: dict[str, int]
    # Of the intake report: what was fixed, refused or is worth a look, and how often.
    intake: list[dict[str, Any]]
    declared: list[tuple[str, bool]]
    # Question, answer, whether staff ask further; and what they ask then.
    answers: list[tuple[str, str, bool]]
    asked: list[str]
    checks: list[readiness.Check]
    points: list[risk.Point]
    score: int
    notices: QuerySet[Notice]
    decisions: QuerySet[Decision]
    listings_of_seller: int
    # Nothing of this seller was ever on sale: the source images are looked at before all else.
    first: bool


def evidence(version: ListingVersion) -> Evidence:
    source_set = version.dataset.generator.source_set
    listing = version.listing
    counted = queue.with_history(ListingVersion.objects.select_related("listing", "dataset")).get(pk=version.pk)
    points = risk.of_version(counted)
    return Evidence(
        version=version,
        price=as_amount(version.price, version.currency) if version.price else _("free"),
        figures=figures(version.dataset.report),
        nearest=nearest(version.dataset.report, source_set),
        source_set=source_set,
        sources=some_sources(source_set),
        verdicts=verdicts(source_set),
        intake=intake(source_set),
        declared=declared(source_set),
        answers=declarations.answers(version),
        asked=declarations.staff_ask(version),
        checks=readiness.checks(version),
        points=points,
        score=risk.total(points),
        notices=Notice.objects.filter(listing=listing, same_as__isnull=True),
        decisions=Decision.objects.filter(version__listing=listing).select_related("version", "moderator"),
        listings_of_seller=listing.seller.listings.exclude(pk=listing.pk).count(),
        first=not listing.seller.listings.filter(published_at__isnull=False).exists(),
    )


def seen(version: ListingVersion, person: User) -> None:
    """Source images are private: that somebody of staff looked at them is kept, once."""
    subject = audit.named(version)
    if not AuditEntry.objects.filter(subject=subject, actor=person, action="sources.seen").exists():
        audit.note(person, "sources.seen", version)


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


def intake(source_set: SourceSet) -> list[dict[str, Any]]:
    found = summaries.summary(source_set)
    counts = {**found.reasons, **found.flags}
    told = [fact | {"count": counts[fact["code"]]} for fact in worded(counts)]
    similar = {"text": _("Nearly the same as another that would be kept."), "count": found.similar}
    return [*told, similar] if found.similar else told


def verdicts(source_set: SourceSet) -> dict[str, int]:
    labels = dict(SourceImage.Verdict.choices)
    given = source_set.images.order_by().values_list("verdict", flat=True)
    return {str(label): given.filter(verdict=verdict).count() for verdict, label in labels.items()}
