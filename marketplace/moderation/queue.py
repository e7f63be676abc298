"""What waits for a person, of every kind, the riskiest first. Four queries, however much waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, IntegerField, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.listings.models import Listing, ListingVersion

from . import risk
from .models import Appeal, Decision, Flag, Notice

# How soon somebody is promised an answer.
LISTING, URGENT, NOTICE = timedelta(days=2), timedelta(hours=4), timedelta(days=3)
APPEAL, FLAG = timedelta(days=5), timedelta(days=2)


@dataclass(frozen=True)
class Item:
    kind: str
    kind_name: str
    title: str
    who: str
    address: str
    since: datetime
    due: datetime
    points: list[risk.Point]
    # Who has a part in it, and so does not decide on it.
    parties: tuple[int | None, ...] = ()
    # Where one click takes it off sale at once.
    freeze: str = ""

    @property
    def score(self) -> int:
        return risk.total(self.points)

    @property
    def late(self) -> bool:
        return self.due < timezone.now()


def items() -> list[Item]:
    """Of equal risk, the one that is due first."""
    waiting = [of_version(row) for row in versions()] + [of_notice(row) for row in cases()]
    waiting += [of_appeal(row) for row in appeals()] + [of_flags(row) for row in flags()]
    return sorted(waiting, key=lambda item: (-item.score, item.due))


def counted(rows: QuerySet[Any], by: str) -> Coalesce:
    counts = rows.order_by().values(by).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counts, output_field=IntegerField()), 0)


def versions() -> QuerySet[ListingVersion]:
    waiting = ListingVersion.objects.filter(in_review_of__isnull=False, in_review_of__approved_at__isnull=True)
    return with_history(waiting).select_related("listing__seller", "dataset").defer("dataset__report", "description")


def with_history(rows: QuerySet[ListingVersion]) -> QuerySet[ListingVersion]:
    """With what risk.of_version asks about each."""
    sold = Listing.objects.filter(seller=OuterRef("listing__seller"), published_at__isnull=False)
    cases = Notice.objects.filter(same_as__isnull=True)
    upheld = cases.filter(listing__seller=OuterRef("listing__seller"), state=Notice.State.UPHELD)
    reported = cases.filter(listing=OuterRef("listing"), state=Notice.State.OPEN)
    refused = Decision.objects.filter(version__listing=OuterRef("listing"), outcome=Decision.Outcome.REJECT)
    return rows.annotate(
        sold_before=Exists(sold),
        copies_rate=F("dataset__report__copies__rate"),
        upheld=counted(upheld, "listing__seller"),
        reported=counted(reported, "listing"),
        refused=counted(refused, "version__listing"),
    )


def cases() -> QuerySet[Notice]:
    open_ones = Notice.objects.filter(state=Notice.State.OPEN, same_as__isnull=True)
    return open_ones.annotate(others=Count("merged")).select_related("listing__current", "listing__seller")


def appeals() -> QuerySet[Appeal]:
    waiting = Appeal.objects.filter(state=Appeal.State.OPEN)
    return waiting.select_related("author", "decision__version", "suspension__user")


def flags() -> QuerySet[Flag, dict[str, Any]]:  # Any: columns
    """One item for each person who sent blocked pictures."""
    waiting = Flag.objects.filter(looked_at__isnull=True).order_by()
    of_person = waiting.values("owner_id", "owner__name")
    return of_person.annotate(count=Count("pk"), since=Min("created_at"), first=Min("pk"))  # type: ignore[return-value]  # django-stubs names each column


def of_version(version: ListingVersion) -> Item:
    assert version.sealed_at is not None
    return Item(
        "listing",
        _("listing"),
        version.title,
        version.listing.seller.name,
        reverse("admin:moderation_review_decide", args=[version.listing.public_id]),
        version.sealed_at,
        version.sealed_at + LISTING,
        risk.of_version(version),
        (version.listing.seller_id,),
    )


def of_notice(notice: Notice) -> Item:
    urgent = notice.kind in Notice.URGENT
    freeze = reverse("admin:moderation_notice_freeze", args=[notice.pk])
    return Item(
        "notice",
        _("notice"),
        f"{notice.listing.current.title if notice.listing.current else notice.listing} · {notice.get_kind_display()}",
        notice.listing.seller.name,
        reverse("admin:moderation_notice_change", args=[notice.pk]),
        notice.created_at,
        notice.created_at + (URGENT if urgent else NOTICE),
        risk.of_notice(notice),
        (notice.listing.seller_id, notice.reporter_id),
        freeze if urgent and notice.listing.state == Listing.State.PUBLISHED else "",
    )


def of_appeal(appeal: Appeal) -> Item:
    about = appeal.decision.version.title if appeal.decision else str(appeal.suspension)
    return Item(
        "appeal",
        _("appeal"),
        about,
        appeal.author.name,
        reverse("admin:moderation_appeal_change", args=[appeal.pk]),
        appeal.created_at,
        appeal.created_at + APPEAL,
        risk.of_appeal(appeal),
        (appeal.against, appeal.author_id),
    )


def of_flags(row: dict[str, Any]) -> Item:  # Any: columns
    return Item(
        "flag",
        _("flagged images"),
        _("Blocked pictures were sent"),
        row["owner__name"],
        reverse("admin:moderation_flag_change", args=[row["first"]]),
        row["since"],
        row["since"] + FLAG,
        risk.of_flags(row["count"], row["since"]),
        (row["owner_id"],),
    )
