"""What is in a source set, in numbers and in one sentence of advice."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q, Sum
from django.utils.translation import gettext as _

from . import blocking
from .engine.config import RESOLUTIONS
from .limits import MIN_PER_LABEL
from .models import SourceImage, SourceSet, Upload

FEWEST, FEW, MANY = 50, 200, 1000
Verdict = SourceImage.Verdict
Counts = defaultdict[int, Counter[str]]


@dataclass(frozen=True)
class Summary:
    total: int
    accepted: int
    fixed: int
    rejected: int
    duplicates: int
    checking: bool
    advice: str
    labels: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)
    # Usable images of which another shows nearly the same and would be kept.
    similar: int = 0
    # By resolution: usable images that would have to be enlarged.
    enlarged: dict[int, int] = field(default_factory=dict)

    @property
    def cautions(self) -> list[str]:
        return list(cautions(self))

    @property
    def blocked(self) -> str:
        """Why nothing may be trained on it, or nothing."""
        return blocking.words(self.flags.get(blocking.FLAG, 0))

    @property
    def usable(self) -> int:
        return self.accepted + self.fixed

    @property
    def enough(self) -> bool:
        return self.usable >= FEWEST


def summary(source_set: SourceSet) -> Summary:
    return by_set([source_set])[source_set.pk]


def by_set(source_sets: Sequence[SourceSet]) -> dict[int, Summary]:
    """The summaries of several sets, in as many queries as of one."""
    keys = [source_set.pk for source_set in source_sets]
    verdicts, reasons, flags = counted(keys)
    labelled, drawn = labels(keys), shapes(keys)
    checking = set(
        Upload.objects.filter(source_set__in=keys, state=Upload.State.CHECKING).values_list("source_set", flat=True)
    )
    found = {}
    for key in keys:
        similar, enlarged = drawn.get(key, (0, {}))
        found[key] = Summary(
            **totals(verdicts[key], reasons[key]),
            checking=key in checking,
            labels=labelled[key],
            reasons=dict(reasons[key].most_common()),
            flags=dict(flags[key].most_common()),
            similar=similar,
            enlarged=enlarged,
        )
    return found


def totals(verdicts: Counter[str], reasons: Counter[str]) -> dict[str, Any]:
    return {
        "total": sum(verdicts.values()),
        "accepted": verdicts[Verdict.ACCEPTED],
        "fixed": verdicts[Verdict.FIXED],
        "rejected": verdicts[Verdict.REJECTED],
        "duplicates": reasons["duplicate"],
        "advice": advice(verdicts[Verdict.ACCEPTED] + verdicts[Verdict.FIXED]),
    }


def counted(keys: Sequence[int]) -> tuple[Counts, Counts, Counts]:
    """By set: how often each verdict, each reason and each flag of a usable image was given."""
    verdicts: Counts = defaultdict(Counter)
    reasons: Counts = defaultdict(Counter)
    flags: Counts = defaultdict(Counter)
    columns = ("source_set", "verdict", "reasons", "flags")
    rows = SourceImage.objects.filter(source_set__in=keys).order_by().values_list(*columns)
    for key, verdict, slugs, flagged, count in rows.annotate(count=Count("pk")):
        verdicts[key][verdict] += count
        reasons[key].update(dict.fromkeys(slugs, count))
        flags[key].update(dict.fromkeys(flagged, count))
    return verdicts, reasons, flags


def shapes(keys: Sequence[int]) -> dict[int, tuple[int, dict[int, int]]]:
    """By set: the usable images that are like another, and those too small for each resolution."""
    usable = SourceImage.objects.filter(source_set__in=keys, verdict__in=SourceImage.USABLE).order_by()
    too_small = {
        f"under_{pixels}": Count("pk", filter=Q(width__lt=pixels) | Q(height__lt=pixels)) for pixels in RESOLUTIONS
    }
    rows = usable.values("source_set").annotate(similar=Count("alike"), **too_small)
    columns = ("source_set", "similar", *too_small)
    return {
        key: (similar, dict(zip(RESOLUTIONS, counts, strict=True)))
        for key, similar, *counts in rows.values_list(*columns)
    }


def labels(keys: Sequence[int]) -> defaultdict[int, dict[str, int]]:
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    usable = SourceImage.objects.filter(source_set__in=keys, verdict__in=SourceImage.USABLE).exclude(label="")
    for key, label, count in usable.order_by("label").values_list("source_set", "label").annotate(count=Count("pk")):
        found[key][label] = count
    return found


def advice(usable: int) -> str:
    if usable < FEWEST:
        return _("%(count)d usable images: training needs at least 50. Add %(more)d more.") % {
            "count": usable,
            "more": FEWEST - usable,
        }
    if usable < FEW:
        return _("Training will run, but with under 200 images expect little variety and visible flaws.")
    if usable < MANY:
        return _("Enough to train. With 1,000 images and more the results get clearly better.")
    return _("Enough to train well.")


def cautions(found: Summary) -> Iterator[str]:
    """What else to know before training, the gravest first."""
    if found.usable < FEWEST:
        return
    if found.similar * 20 > found.usable or found.usable - found.similar < FEWEST:
        yield _(
            "Only %(different)d of %(usable)d images differ from one another; the rest repeat them nearly. Keep one of"
            " each: repeats make copies more likely and teach nothing."
        ) % {"different": found.usable - found.similar, "usable": found.usable}
    few = sorted(label for label, count in found.labels.items() if count < MIN_PER_LABEL)
    if few and len(found.labels) > 1:
        yield _("These labels have fewer than %(least)d images, too few to learn by label: %(labels)s.") % {
            "least": MIN_PER_LABEL,
            "labels": ", ".join(few[:5]) + (", …" if len(few) > 5 else ""),
        }
    if sizes := size_caution(found):
        yield sizes
    if found.flags.get("blurry", 0) * 10 > found.usable:
        yield _("%(count)d images are blurry, and what is made of them will be too.") % {"count": found.flags["blurry"]}


def size_caution(found: Summary) -> str:
    """From which resolution on more than one image in twenty would be enlarged."""
    soft = [pixels for pixels, count in found.enlarged.items() if count * 20 > found.usable]
    fine = [pixels for pixels in found.enlarged if pixels not in soft]
    if not soft:
        return ""
    if not fine:
        return _("Most images are smaller than every resolution on offer, so they are enlarged and look soft.")
    return _(
        "Sizes suit resolutions up to %(most)d × %(most)d. At %(next)d × %(next)d, %(count)d images would be enlarged."
    ) % {"most": max(fine), "next": min(soft), "count": found.enlarged[min(soft)]}


def refresh(source_set: SourceSet) -> None:
    """Keeps on the set what a job needs to know. Reads at leisure, then writes only if nothing came in meanwhile."""
    blocking.mark(source_set)
    while True:
        stamp = newest(source_set)
        found = facts(source_set)
        with transaction.atomic():
            row = SourceSet.objects.select_for_update().get(pk=source_set.pk)
            if row.sealed_at is not None:
                return
            if newest(source_set) == stamp:
                SourceSet.objects.filter(pk=row.pk).update(**found)
                return


def newest(source_set: SourceSet) -> dict[str, int | None]:
    return source_set.images.aggregate(last=Max("pk"), count=Count("pk"))


def facts(source_set: SourceSet) -> dict[str, object]:
    usable = source_set.usable_images
    count = usable.count()
    own = source_set.images.filter(key__startswith=f"{source_set.folder}/")
    return {
        "usable_count": count,
        "label_counts": labels([source_set.pk])[source_set.pk],
        "grey": count > 0 and not usable.exclude(mode__in=("L", "LA")).exists(),
        "transparent": usable.filter(mode__in=("LA", "RGBA")).exists(),
        "draft_fingerprint": source_set.compute_fingerprint(),
        "stored_bytes": own.aggregate(total=Sum("stored_size"))["total"] or 0,
    }
