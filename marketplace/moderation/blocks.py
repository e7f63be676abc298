"""Pictures that nobody may upload or train on, by SHA-256. What a block would hit is shown before it is made."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from generation import blocking, jobs
from generation.models import Dataset, GenerationJob, SourceImage, SourceSet
from generation.models.sources import SourceImageQuerySet
from marketplace.accounts.models import User
from marketplace.listings.models import Listing

from . import audit
from .models import BlockedHash, Flag

SHOWN = 50


@dataclass(frozen=True)
class Hits:
    """What exists already of some pictures."""

    digests: list[str]
    # Of the same pictures: a file known by its bytes has pixels too.
    pixels: list[str]
    images: list[SourceImage] = field(default_factory=list)
    image_count: int = 0
    set_count: int = 0
    source_sets: list[SourceSet] = field(default_factory=list)
    jobs: list[GenerationJob] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)


def dry_run(digests: Collection[str]) -> Hits:
    """Changes nothing. Reads every source image once: there is no index for a question that is asked this rarely."""
    asked = sorted({digest.lower() for digest in digests})
    same_file = SourceImage.objects.filter(sha256__in=asked).exclude(pixel_sha256="")
    pixels = sorted({*same_file.values_list("pixel_sha256", flat=True)} - {*asked})
    found = usable([*asked, *pixels]).order_by("pk")
    sets = SourceSet.objects.filter(pk__in=sets_of([*asked, *pixels])).select_related("owner")
    datasets = Dataset.objects.filter(generator__source_set__in=sets).select_related("owner")
    return Hits(
        digests=asked,
        pixels=pixels,
        images=list(found.defer("look").select_related("source_set__owner")[:SHOWN]),
        image_count=found.count(),
        set_count=sets.count(),
        source_sets=list(sets[:SHOWN]),
        jobs=list(GenerationJob.objects.filter(source_set__in=sets, state__in=GenerationJob.ACTIVE)),
        datasets=list(datasets[:SHOWN]),
        listings=list(
            Listing.objects.filter(versions__dataset__in=datasets).distinct().select_related("seller")[:SHOWN]
        ),
    )


def usable(digests: Collection[str]) -> SourceImageQuerySet:
    return SourceImage.objects.filter(pixel_sha256__in=digests, verdict__in=SourceImage.USABLE)


def sets_of(digests: Collection[str]) -> list[int]:
    return list(usable(digests).order_by().values_list("source_set_id", flat=True).distinct())


def block(digests: Collection[str], by: User, reason: str) -> Hits:
    """Also stops the jobs that are at work on these pictures. What was made of them is for a person to decide on:
    whoever holds one of them is put before staff.
    """
    hits = dry_run(digests)
    known = [*hits.digests, *hits.pixels]
    with transaction.atomic():
        for digest in known:
            _row, made = BlockedHash.objects.get_or_create(digest=digest, defaults={"reason": reason, "blocked_by": by})
            if made:
                audit.note(by, "hash.blocked", f"sha256:{digest}", after={"images": hits.image_count}, why=reason)
    # Of what came in since the dry run too: from here on intake refuses it.
    for source_set in SourceSet.objects.filter(pk__in=sets_of(known)):
        blocking.mark(source_set)
        held = usable(known).filter(source_set=source_set).values_list("pixel_sha256", flat=True)
        flag(source_set, {*held})
        for job in source_set.jobs.filter(state__in=GenerationJob.ACTIVE).select_related("owner"):
            stop(job, by, reason)
    return hits


def stop(job: GenerationJob, by: User, reason: str) -> None:
    """`reason` is for staff: the owner hears that a picture was blocked, and finds it flagged in the source set."""
    with translation.override(job.owner.language):
        told = _("A picture of its source set was blocked.")
    if jobs.cancel_for(job, told):
        audit.note(by, "job.cancelled", job, why=reason)


def unblock(row: BlockedHash, by: User, why: str) -> None:
    with transaction.atomic():
        audit.note(by, "hash.unblocked", f"sha256:{row.digest}", before={"reason": row.reason}, why=why)
        row.delete()
    for source_set in SourceSet.objects.filter(pk__in=sets_of([row.digest])):
        blocking.mark(source_set)


def blocked(source_set_id: int, digests: Collection[str]) -> set[str]:
    """Asked by intake of every file. Somebody who sends a blocked picture is shown to staff."""
    found = set(BlockedHash.objects.filter(digest__in=digests).values_list("digest", flat=True))
    if found:
        flag(SourceSet.objects.get(pk=source_set_id), found)
    return found


def flag(source_set: SourceSet, digests: Collection[str]) -> None:
    rows = [Flag(source_set=source_set, owner_id=source_set.owner_id, digest=digest) for digest in sorted(digests)]
    Flag.objects.bulk_create(rows, ignore_conflicts=True)


def in_set(source_set_id: int) -> set[int]:
    """The usable pictures of a set that are blocked."""
    images = SourceImage.objects.filter(source_set_id=source_set_id, verdict__in=SourceImage.USABLE)
    digests = BlockedHash.objects.values("digest")
    return {*images.filter(Q(pixel_sha256__in=digests) | Q(sha256__in=digests)).values_list("pk", flat=True)}


def looked_at(flags: Collection[int], by: User, note: str) -> int:
    with transaction.atomic():
        waiting = Flag.objects.filter(pk__in=flags, looked_at__isnull=True)
        for row in waiting:
            audit.note(by, "flag.looked_at", row, why=note)
        return waiting.update(looked_at=timezone.now(), looked_by=by, note=note)
