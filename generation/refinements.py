"""Refined datasets: a dataset whose rejected images are replaced, in their places, by new ones of the same generator.

Two datasets share no image, unless they belong to one line: a refined dataset shares with the one that it comes from
whatever was kept. So of one line at most one dataset is meant to be on sale at a time (see `line`).
"""

from django.db.models import Max, Q, QuerySet

from . import bitmaps
from .models import Dataset, GenerationJob, JobTask, Refinement

Origin = GenerationJob.Origin


def begin(job: GenerationJob, dataset: Dataset, rejected: set[int]) -> Refinement:
    """Within the transaction that makes the job."""
    return Refinement.objects.create(
        job=job,
        root=root_of(dataset.job),
        dataset=dataset,
        content_hash=dataset.content_hash,
        before=dataset.report,
        rejected=bitmaps.packed(bitmaps.of(rejected)),
        count=len(rejected),
    )


def of(job: GenerationJob) -> Refinement | None:
    return getattr(job, "refinement", None) if job.origin == Origin.REFINED else None


def new_images(job: GenerationJob) -> int:
    """How many images the job makes; the others of a refined dataset are there already."""
    refinement = of(job)
    return refinement.count if refinement else job.count


def rejected(refinement: Refinement) -> list[int]:
    return bitmaps.numbers(bitmaps.unpacked(refinement.rejected))


def root_of(job: GenerationJob) -> GenerationJob:
    refinement = of(job)
    return refinement.root if refinement else job


def line(dataset: Dataset) -> QuerySet[Dataset]:
    """All datasets that may share images with this one, itself among them, the newest first."""
    root = root_of(dataset.job)
    return Dataset.objects.filter(Q(job=root) | Q(job__refinement__root=root)).order_by("-pk")


def next_version(dataset: Dataset) -> int:
    """Of two refined from the same one each has a number of its own."""
    return int(line(dataset).aggregate(newest=Max("version"))["newest"]) + 1


def in_work(dataset: Dataset) -> QuerySet[Refinement]:
    """Refinements of it that need its files."""
    active = dataset.refinements.filter(job__finished_at__isnull=True)
    return active.exclude(job__stop_intent=GenerationJob.StopIntent.DISCARD)


def dropped(refinement: Refinement) -> list[int]:
    """Rejected images without a successor, in a job that was stopped before it had made all new ones."""
    shards = refinement.job.tasks.filter(kind=JobTask.Kind.SAMPLE).exclude(state=JobTask.State.DONE)
    gone = rejected(refinement)
    missing = shards.order_by("first").values_list("first", "count")
    return [number for first, count in missing for number in gone[first : first + count]]


def labels(refinement: Refinement, classes: int) -> list[int]:
    """Numbers of the labels of the rejected images, which the new ones in their places get too."""
    # It asks in turn where the labels of a refined dataset lie.
    from . import gallery

    parent, gone = refinement.job.parent, rejected(refinement)
    assert parent is not None
    found = dict.fromkeys(gone, 0)
    for label in range(1, classes):
        found |= {place: label for place in gallery.places_in(parent, label, classes) if place in found}
    return [found[number] for number in gone]
