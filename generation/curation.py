"""Choosing what stays in a dataset: the draft is on the server as one goes, and each choice can be undone.

A draft has one bit for each image and a row for each of the newest steps: a million images take as many rows as ten.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from . import bitmaps, jobs, measures, refinements
from .access import Person
from .bitmaps import Bits
from .measures import Measure
from .models import Curation, CurationStep, Dataset, GenerationJob

STEPS = 100
# Named one by one; for more there are thresholds.
MOST_NAMED = 10_000


class CurationRefused(Exception):
    """A choice that can't be made; the message says why."""


@dataclass(frozen=True)
class Beyond:
    """What a threshold means: how many images lie beyond it, and which of them are not rejected yet."""

    measure: Measure
    threshold: float
    count: int
    new: list[int]


def rejected(dataset: Dataset) -> Bits:
    stored = Curation.objects.filter(dataset=dataset).values_list("rejected", flat=True).first()
    return bitmaps.unpacked(stored) if stored else 0


def count(dataset: Dataset) -> int:
    return Curation.objects.filter(dataset=dataset).values_list("count", flat=True).first() or 0


def undoable(dataset: Dataset) -> bool:
    return CurationStep.objects.filter(curation__dataset=dataset).exists()


def reject(dataset: Dataset, numbers: Collection[int]) -> int:
    """How many are rejected now."""
    wanted = named(dataset, numbers)
    return change(dataset, lambda bits: bits | wanted)


def keep(dataset: Dataset, numbers: Collection[int]) -> int:
    wanted = named(dataset, numbers)
    return change(dataset, lambda bits: bits & ~wanted)


def settle(dataset: Dataset, shown: Collection[int], chosen: Collection[int]) -> int:
    """Of the images shown those chosen are rejected and the others kept: a page that was sent as a whole."""
    asked, wanted = named(dataset, shown), named(dataset, chosen)
    return change(dataset, lambda bits: (bits & ~asked) | (wanted & asked))


def reject_beyond(dataset: Dataset, measure: Measure, threshold: float) -> int:
    """Returns how many were rejected that had not been."""
    new = beyond(dataset, measure, threshold).new
    wanted = bitmaps.of(new)
    change(dataset, lambda bits: bits | wanted)
    return len(new)


def keep_all(dataset: Dataset) -> int:
    return change(dataset, lambda bits: 0)


def undo(dataset: Dataset) -> int:
    """Takes the newest step back, whichever device made it."""
    with transaction.atomic():
        draft = held(dataset)
        step = draft.steps.last()
        if step is None:
            raise CurationRefused(_("There is nothing to undo."))
        store(draft, bitmaps.unpacked(draft.rejected) ^ bitmaps.unpacked(step.changed))
        step.delete()
    return draft.count


def change(dataset: Dataset, act: Callable[[Bits], Bits]) -> int:
    with transaction.atomic():
        draft = held(dataset)
        before = bitmaps.unpacked(draft.rejected)
        after = act(before)
        if after != before:
            store(draft, after)
            remember(draft, before ^ after)
    return draft.count


def held(dataset: Dataset) -> Curation:
    """For a change: two at once come one after the other, and each sees what the other did."""
    Curation.objects.get_or_create(dataset=dataset)
    return Curation.objects.select_for_update().get(dataset=dataset)


def store(draft: Curation, bits: Bits) -> None:
    draft.rejected, draft.count = bitmaps.packed(bits), bits.bit_count()
    draft.save(update_fields=["rejected", "count", "changed_at"])


def remember(draft: Curation, changed: Bits) -> None:
    """Of so many steps; older ones can't be undone."""
    CurationStep.objects.create(curation=draft, changed=bitmaps.packed(changed))
    old = draft.steps.order_by("-pk").values_list("pk", flat=True)[STEPS:]
    draft.steps.filter(pk__in=list(old)).delete()


def named(dataset: Dataset, numbers: Collection[int]) -> Bits:
    if len(numbers) > MOST_NAMED:
        text = _("Name at most %(most)s images at a time, or reject by a threshold.")
        raise CurationRefused(text % {"most": f"{MOST_NAMED:,}"})
    if numbers and not 0 <= min(numbers) <= max(numbers) < dataset.count:
        raise CurationRefused(_("Images are numbered from 0 to %(last)s.") % {"last": f"{dataset.count - 1:,}"})
    return bitmaps.of(numbers)


def beyond(dataset: Dataset, measure: Measure, threshold: float) -> Beyond:
    """Raises CurationRefused where nothing was measured yet."""
    found = measures.of(dataset)
    if found is None:
        raise CurationRefused(_("The images have not been measured yet."))
    (number,) = found.beyond(measure, threshold)
    worst, bits = found.worst(measure, 0, number), rejected(dataset)
    gone = set(bitmaps.among(bits, worst))
    new = [image for image in worst if image not in gone]
    if measure.name == "alike" and bits:
        # An image whose twin is rejected already is the last of its kind.
        twins = found.twins()
        alone = set(bitmaps.among(bits, {int(twins[image]) for image in new}))
        new = [image for image in new if twins[image] not in alone]
    return Beyond(measure, threshold, number, new)


def finish(dataset: Dataset, owner: Person, *, mail: bool = False) -> GenerationJob:
    """Makes a refined dataset of what the draft rejects. The draft stays: another try can begin from it.

    The same choice once more, as from a double click, is the job that is at it already.
    """
    with transaction.atomic():
        bits = bitmaps.unpacked(held(dataset).rejected)
        for refinement in refinements.in_work(dataset).select_related("job"):
            if bitmaps.unpacked(refinement.rejected) == bits:
                return refinement.job
        return jobs.refine(dataset, owner, set(bitmaps.numbers(bits)), mail=mail)
