"""Making images that are not copies of a source image: a slot that is rejected takes its next attempt."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

import numpy as np
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from generation import refinements, sharing
from generation.engine.checkpoints import Checkpoint, environment
from generation.engine.config import BLOCK, MAX_ATTEMPTS, RecipeRequest
from generation.engine.data import ImageSet, split_holdout
from generation.engine.devices import best_device, instruction_set
from generation.engine.metrics import stored
from generation.engine.metrics.copies import CopyDetector
from generation.engine.png import encode_pngs
from generation.engine.sampling import Batch, Sampler, together
from generation.engine.workers import cores, in_order, one_thread
from generation.manifests import Entry
from generation.models import GenerationJob, Generator

from . import handover, sources
from .endings_of_work import Impossible

# Images that wait for those before them, at most: as many as their pixels take bytes, and no more than a shard.
WAITING_BYTES, MOST_WAITING = 32 << 20, 4096
# After so many attempts, with more than half of the slots still empty, some would stay empty to the last.
HOPELESS = 16


@dataclass(frozen=True)
class Made:
    entry: Entry
    png: bytes


@dataclass
class Ground:
    """What all jobs and shards of a generator share. It takes seconds to prepare, so the newest is kept.

    The source images themselves only who compares with them needs: shards know them by the detector's small figures.
    """

    checkpoint: Checkpoint
    detector: CopyDetector
    images: Callable[[], tuple[ImageSet, ImageSet]]

    @classmethod
    def of(cls, job: GenerationJob, generator: Generator, check: Callable[[], None]) -> "Ground":
        key = generator.public_id, seed_of_split(job)
        if key not in KEPT:
            KEPT.clear()
            KEPT[key] = cls.prepared(job, generator, check)
        return KEPT[key]

    @classmethod
    def prepared(cls, job: GenerationJob, generator: Generator, check: Callable[[], None]) -> "Ground":
        checkpoint = handover.load(generator.checkpoint_key)
        recipe = checkpoint.recipe
        transparency = "keep" if recipe.channels == 4 else "white"
        request = RecipeRequest.from_dict(
            job.requested | {"resolution": recipe.resolution, "fit": recipe.fit, "transparency": transparency}
        )
        seed = seed_of_split(job)

        def images() -> tuple[ImageSet, ImageSet]:
            """Training and held-out ones."""
            return split_holdout(sources.load(generator.source_set, request, check), seed)

        name = f"{recipe.resolution}-{recipe.channels}-{recipe.fit}-{seed}-{stored.version()}.copies"
        return cls(checkpoint, detector_of(sources.place(generator.source_set, name), images), images)


def detector_of(key: str, images: Callable[[], tuple[ImageSet, ImageSet]]) -> CopyDetector:
    """Fitted by whoever comes first, and read by all others: on another machine it would differ in last bits."""
    if not default_storage.exists(key):
        sources.keep(key, stored.to_bytes(CopyDetector.fit(*images())))
    with default_storage.open(key) as file:
        return stored.from_bytes(file.read())


# In a worker's process, which does the shards of one job one after another.
KEPT: dict[tuple[UUID, int], Ground] = {}


@dataclass
class Screen:
    """A job's sampler and copy detector; both follow from stored rows and files alone."""

    job: GenerationJob
    sampler: Sampler
    detector: CopyDetector
    images: Callable[[], tuple[ImageSet, ImageSet]]
    made: int = 0
    rejected_at_first: int = 0
    accepted: int = 0
    environment: dict[str, str | int] = field(default_factory=dict)

    @classmethod
    def of(cls, job: GenerationJob, check: Callable[[], None]) -> "Screen":
        generator = job.generator
        assert generator is not None
        ground, device = Ground.of(job, generator, check), best_device()
        shares = sharing.of(job, generator)
        sampler = Sampler(ground.checkpoint, sha256=generator.sha256, seed=job.seed, device=device, shares=shares)
        surroundings = environment(instruction_set(device), ground.checkpoint.recipe.dtype)
        return cls(job, sampler, ground.detector, ground.images, environment=surroundings)

    @cached_property
    def train(self) -> ImageSet:
        return self.images()[0]

    @cached_property
    def holdout(self) -> ImageSet:
        return self.images()[1]

    def accepted_images(self, slots: Sequence[int]) -> Iterator[Made]:
        """One image for each slot, in order. Raises Impossible where a slot used up its attempts."""
        first_attempts = self.screened(slots, 0)
        for first in range(0, len(slots), self.waiting):
            chunk = slots[first : first + self.waiting]
            found: dict[int, Made] = {}
            for _batch in range(-(-len(chunk) // BLOCK)):
                found |= next(first_attempts)
            self.count(chunk, found)
            yield from self.completed(chunk, found)

    @property
    def waiting(self) -> int:
        """Whole blocks, as many as may wait."""
        pixels = self.sampler.recipe.resolution**2 * self.sampler.recipe.channels
        return max(1, min(MOST_WAITING, WAITING_BYTES // pixels) // BLOCK) * BLOCK

    def count(self, slots: Sequence[int], found: dict[int, Made]) -> None:
        self.made += len(slots)
        self.rejected_at_first += len(slots) - len(found)

    def completed(self, slots: Sequence[int], found: dict[int, Made]) -> list[Made]:
        """With the next attempts of those that are missing."""
        attempts, missing = 1, [slot for slot in slots if slot not in found]
        while missing and attempts < (HOPELESS if 2 * len(missing) > len(slots) else MAX_ATTEMPTS):
            found |= {made.entry["slot"]: made for made in self.round(missing, attempts)}
            attempts, missing = attempts + 1, [slot for slot in missing if slot not in found]
        self.accepted += len(found)
        if missing:
            possible = refinements.new_images(self.job) * self.accepted // (self.accepted + len(missing))
            raise too_few(self.job, possible, attempts)
        return [found[slot] for slot in slots]

    def round(self, slots: Sequence[int], attempt: int) -> Iterator[Made]:
        """What passes at this attempt. Slots whose places in their blocks differ are made together."""
        for passed in self.screened(spread(slots), attempt):
            yield from passed.values()

    def screened(self, slots: Sequence[int], attempt: int) -> Iterator[dict[int, Made]]:
        """Batch by batch, what passes. On a CPU each thread makes, screens and encodes batches of its own; a GPU
        makes one after the other, while the CPU's threads do the rest."""
        sampler, attempts = self.sampler, dict.fromkeys(slots, attempt)
        if sampler.device.type == "cpu":
            return in_order(lambda batch: self.judged(sampler.batch(batch, attempts)), together(slots), sampler.threads)
        return in_order(self.judged, sampler.batches(slots, attempts), cores())

    def judged(self, batch: Batch) -> dict[int, Made]:
        with one_thread():
            distances, _sources = self.detector.distance(batch.pixels)
        kept = np.flatnonzero(~self.detector.is_copy(distances)).tolist()
        pngs = encode_pngs(batch.pixels[kept])
        entries = [entry(batch, place, float(distances[place])) for place in kept]
        rows = zip(entries, pngs, strict=True)
        return {made["slot"]: Made(made | {"sha256": hashlib.sha256(png).hexdigest()}, png) for made, png in rows}


def spread(slots: Sequence[int]) -> list[int]:
    """So that slots with the same place in their blocks lie far apart."""
    met: Counter[int] = Counter()
    turns = []
    for slot in slots:
        turns.append((met[slot % BLOCK], slot))
        met[slot % BLOCK] += 1
    return [slot for _turn, slot in sorted(turns)]


def too_few(job: GenerationJob, possible: int, attempts: int) -> Impossible:
    text = _(
        "Only about %(possible)s of the %(count)s images are possible: after %(attempts)d attempts, the others "
        "still repeat a source image or each other. More source images or a shorter training help."
    )
    return Impossible(
        text % {"possible": f"{possible:,}", "count": f"{refinements.new_images(job):,}", "attempts": attempts}
    )


def entry(batch: Batch, place: int, distance: float) -> Entry:
    return {
        "slot": batch.slots[place],
        "attempt": batch.attempts[place],
        "seed": batch.seeds[place],
        "label": batch.labels[place],
        "distance": round(distance, 4),
    }


def seed_of_split(job: GenerationJob) -> int:
    """The seed of the job that trained the generator: its held-out images must stay held out."""
    trained = GenerationJob.objects.filter(generator=job.generator).order_by("pk").first()
    return (trained or job).seed
