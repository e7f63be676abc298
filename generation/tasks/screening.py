"""Making images that are not copies of a source image: a slot that is rejected takes its next attempt."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.utils.translation import gettext as _

from generation.engine.checkpoints import environment
from generation.engine.config import MAX_ATTEMPTS, RecipeRequest
from generation.engine.data import ImageSet, split_holdout
from generation.engine.devices import best_device, instruction_set
from generation.engine.metrics.copies import CopyDetector
from generation.engine.sampling import Sample, Sampler, encode_png
from generation.manifests import Entry
from generation.models import GenerationJob

from . import handover, sources
from .endings_of_work import Impossible

# Slots made and screened at a time: whole blocks, and few enough to hold in memory.
CHUNK = 512


@dataclass
class Made:
    entry: Entry
    png: bytes
    pixels: np.ndarray


@dataclass
class Screen:
    """A job's sampler and copy detector; both follow from stored rows and files alone."""

    job: GenerationJob
    sampler: Sampler
    detector: CopyDetector
    train: ImageSet
    holdout: ImageSet
    made: int = 0
    rejected_at_first: int = 0
    accepted: int = 0
    environment: dict[str, str | int] = field(default_factory=dict)

    @classmethod
    def of(cls, job: GenerationJob, check: Callable[[], None]) -> "Screen":
        generator = job.generator
        assert generator is not None
        device = best_device()
        checkpoint = handover.load(generator.checkpoint_key)
        sampler = Sampler(checkpoint, sha256=generator.sha256, seed=job.seed, device=device)
        recipe = checkpoint.recipe
        transparency = "keep" if recipe.channels == 4 else "white"
        request = RecipeRequest.from_dict(
            job.requested | {"resolution": recipe.resolution, "fit": recipe.fit, "transparency": transparency}
        )
        train, holdout = split_holdout(sources.load(generator.source_set, request, check), seed_of_split(job))
        surroundings = environment(instruction_set(device), recipe.dtype)
        return cls(job, sampler, CopyDetector.fit(train, holdout), train, holdout, environment=surroundings)

    def accepted_images(self, slots: Sequence[int]) -> Iterator[Made]:
        """One image for each slot, in order. Raises Impossible where a slot used up its attempts."""
        for first in range(0, len(slots), CHUNK):
            yield from self.chunk(slots[first : first + CHUNK])

    def chunk(self, slots: Sequence[int]) -> list[Made]:
        found: dict[int, Made] = {}
        for attempt in range(MAX_ATTEMPTS):
            waiting = [slot for slot in slots if slot not in found]
            if not waiting:
                break
            found |= {made.entry["slot"]: made for made in self.round(waiting, attempt)}
        self.accepted += len(found)
        if len(found) < len(slots):
            tried = self.accepted + len(slots) - len(found)
            raise too_few(self.job, self.job.count * self.accepted // tried)
        return [found[slot] for slot in slots]

    def round(self, slots: Sequence[int], attempt: int) -> list[Made]:
        samples = list(self.sampler.images(slots, dict.fromkeys(slots, attempt)))
        distances, _sources = self.detector.distance(np.stack([sample.pixels for sample in samples]))
        copies = self.detector.is_copy(distances)
        if attempt == 0:
            self.made += len(samples)
            self.rejected_at_first += int(copies.sum())
        kept = zip(samples, distances, copies, strict=True)
        return [as_made(sample, float(distance)) for sample, distance, copy in kept if not copy]


def too_few(job: GenerationJob, possible: int) -> Impossible:
    text = _(
        "Only about %(possible)s of the %(count)s images are possible: after %(attempts)d attempts, the others "
        "still repeat a source image or each other. More source images or a shorter training help."
    )
    return Impossible(text % {"possible": f"{possible:,}", "count": f"{job.count:,}", "attempts": MAX_ATTEMPTS})


def as_made(sample: Sample, distance: float) -> Made:
    png = encode_png(sample.pixels)
    entry = {
        "slot": sample.slot,
        "attempt": sample.attempt,
        "seed": sample.seed,
        "label": sample.label,
        "distance": round(distance, 4),
        "sha256": hashlib.sha256(png).hexdigest(),
    }
    return Made(entry, png, sample.pixels)


def seed_of_split(job: GenerationJob) -> int:
    """The seed of the job that trained the generator: its held-out images must stay held out."""
    trained = GenerationJob.objects.filter(generator=job.generator).order_by("pk").first()
    return (trained or job).seed
