"""What is in a source set, in numbers and in one sentence of advice."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Count, Max
from django.utils.translation import gettext as _

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
    verdicts, reasons = counted(keys)
    labelled = labels(keys)
    checking = set(
        Upload.objects.filter(source_set__in=keys, state=Upload.State.CHECKING).values_list("source_set", flat=True)
    )
    return {key: summed(verdicts[key], reasons[key], labelled[key], key in checking) for key in keys}


def summed(verdicts: Counter[str], reasons: Counter[str], labelled: dict[str, int], checking: bool) -> Summary:
    return Summary(
        total=sum(verdicts.values()),
        accepted=verdicts[Verdict.ACCEPTED],
        fixed=verdicts[Verdict.FIXED],
        rejected=verdicts[Verdict.REJECTED],
        duplicates=reasons["duplicate"],
        checking=checking,
        advice=advice(verdicts[Verdict.ACCEPTED] + verdicts[Verdict.FIXED]),
        labels=labelled,
        reasons=dict(reasons.most_common()),
    )


def counted(keys: Sequence[int]) -> tuple[Counts, Counts]:
    verdicts: Counts = defaultdict(Counter)
    reasons: Counts = defaultdict(Counter)
    rows = SourceImage.objects.filter(source_set__in=keys).order_by().values_list("source_set", "verdict", "reasons")
    for key, verdict, slugs, count in rows.annotate(count=Count("pk")):
        verdicts[key][verdict] += count
        reasons[key].update(dict.fromkeys(slugs, count))
    return verdicts, reasons


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


def refresh(source_set: SourceSet) -> None:
    """Keeps on the set what a job needs to know. Reads at leisure, then writes only if nothing came in meanwhile."""
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
    return {
        "usable_count": count,
        "label_counts": labels([source_set.pk])[source_set.pk],
        "grey": count > 0 and not usable.exclude(mode="L").exists(),
        "draft_fingerprint": source_set.compute_fingerprint(),
    }
