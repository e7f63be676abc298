"""What is in a source set, in numbers and in one sentence of advice."""

from collections import Counter
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Count, Max
from django.utils.translation import gettext as _

from .models import SourceImage, SourceSet, Upload

FEWEST, FEW, MANY = 50, 200, 1000
Verdict = SourceImage.Verdict


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
    verdicts, reasons = counted(source_set)
    usable = verdicts[Verdict.ACCEPTED] + verdicts[Verdict.FIXED]
    return Summary(
        total=sum(verdicts.values()),
        accepted=verdicts[Verdict.ACCEPTED],
        fixed=verdicts[Verdict.FIXED],
        rejected=verdicts[Verdict.REJECTED],
        duplicates=reasons["duplicate"],
        checking=source_set.uploads.filter(state=Upload.State.CHECKING).exists(),
        advice=advice(usable),
        labels=labels(source_set),
        reasons=dict(reasons.most_common()),
    )


def counted(source_set: SourceSet) -> tuple[Counter[str], Counter[str]]:
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    rows = source_set.images.order_by().values_list("verdict", "reasons").annotate(count=Count("pk"))
    for verdict, slugs, count in rows:
        verdicts[verdict] += count
        reasons.update(dict.fromkeys(slugs, count))
    return verdicts, reasons


def labels(source_set: SourceSet) -> dict[str, int]:
    rows = source_set.usable_images.exclude(label="").order_by("label").values_list("label")
    return dict(rows.annotate(count=Count("pk")))


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
        "label_counts": labels(source_set),
        "grey": count > 0 and not usable.exclude(mode="L").exists(),
        "draft_fingerprint": source_set.compute_fingerprint(),
    }
