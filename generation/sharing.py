"""How many images of each label: equally many, as among the source images, or a number of each."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from . import refinements
from .engine.config import RecipeRequest
from .models import GenerationJob, Generator, SourceSet

if TYPE_CHECKING:
    from .engine.shares import Shares

Sharing = GenerationJob.Sharing
# A way to ask, which the job's row keeps as a total that is shared out equally.
EACH = "each"
WAYS = (*Sharing.values, EACH)


def counts(source_set: SourceSet) -> dict[str, int]:
    """Usable source images by label; those outside the class folders are a class of their own, without a name."""
    named = dict(source_set.label_counts)
    rest = source_set.usable_count - sum(named.values())
    return named | {"": rest} if rest > 0 else named


def learnt(source_set: SourceSet, request: RecipeRequest) -> int:
    """How many labels a job would learn."""
    return len(counts(source_set)) if request.labels else 0


def total(count: int, way: str, labels: int) -> int:
    """How many images in all; with "each", `count` is that of each of `labels`."""
    return count * labels if way == EACH and labels else count


def kept(way: str) -> str:
    return Sharing.EQUAL if way == EACH else way


def problem(way: str, labels: int) -> str:
    if way == Sharing.EQUAL or labels:
        return ""
    return _("Images are shared out among labels only where labels are learned. Choose “equal”, or learn the labels.")


def of(job: GenerationJob, generator: Generator) -> "Shares | None":
    """Nothing where slots take the labels in turn, which gives equally many of each. New images of a refined dataset
    take over the labels of those whose places they take."""
    classes = generator.recipe["classes"]
    if (refinement := refinements.of(job)) is not None and classes and job.first_slot is not None:
        from .engine.shares import Given

        return Given.of(refinements.labels(refinement, len(classes)), len(classes), job.first_slot)
    if job.sharing != Sharing.PROPORTION or not classes or job.first_slot is None:
        return None
    # NumPy comes with it, which pages seldom need.
    from .engine.shares import Shares

    there = counts(generator.source_set)
    return Shares.in_proportion([there.get(label, 0) for label in classes], job.count, job.first_slot)
