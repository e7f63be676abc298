"""The task `train`: from source images to a generator and the shards that will be sampled from it."""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from django.conf import settings as site
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from generation import blocking, events, leftovers, memory, notes
from generation.claims import Claim, Lost
from generation.engine import members, training
from generation.engine.checkpoints import Checkpoint, CheckpointError
from generation.engine.config import Recipe, RecipeError, RecipeRequest, pilot_seconds, resolve
from generation.engine.data import ImageSet, split_holdout
from generation.engine.devices import best_device, best_dtype
from generation.engine.needs import TooLittleMemory, check_memory
from generation.engine.teams import most_processes
from generation.engine.training import Progress
from generation.heartbeats import Heartbeat
from generation.models import GenerationJob

from . import handover, sources
from .disturbances import passes, patiently
from .endings_of_work import Impossible
from .reporting import Reporter
from .threads import fastest
from .watching import Watch

logger = logging.getLogger(__name__)

State, Stage = GenerationJob.State, GenerationJob.Stage

STORE_SECONDS = 20.0
# Kept in memory more often than stored, so that stopping to keep the best takes seconds.
CHECKPOINT_SECONDS = 5.0
PREVIEW_SECONDS = 2.0


def run(claim: Claim, alive: Heartbeat) -> None:
    job = claim.task.job
    assert job is not None
    watch = Watch(claim, job, alive)
    begin(job, claim)
    watch.check()
    if problem := blocking.problem_found(job.source_set):
        raise Impossible(problem)
    if job.starts_from is not None:
        return handover.reuse(claim, job, job.starts_from)
    request = RecipeRequest.from_dict(job.requested)
    images, holdout = split_holdout(sources.load(job.source_set, request, watch.check), job.seed)
    recipe = settled(job, request, images, watch)
    last, checkpoint = train(claim, job, watch, recipe, images, holdout)
    handover.hand_over(claim, job, checkpoint, last)


def begin(job: GenerationJob, claim: Claim) -> None:
    started = GenerationJob.objects.filter(pk=job.pk, state=State.QUEUED)
    with transaction.atomic():
        if started.update(state=State.RUNNING, started_at=timezone.now()):
            events.record(job, "claimed", {"attempt": claim.task.attempt}, stage=Stage.PREPARING)


def resumed(job: GenerationJob) -> GenerationJob | None:
    """The job whose training this one goes on with."""
    return job.parent if job.origin == GenerationJob.Origin.RESUMED else None


def settled(job: GenerationJob, request: RecipeRequest, images: ImageSet, watch: Watch) -> Recipe:
    """The recipe as the first claim resolved it, after a pilot on the real device; never again."""
    job.refresh_from_db(fields=["resolved"])
    if job.resolved is None:
        found = piloted(request, images, job.count, watch)
        with transaction.atomic():
            if GenerationJob.objects.filter(pk=job.pk, resolved__isnull=True).update(resolved=found):
                speed = found["pilot"]["images_per_second"]
                events.record(
                    job, "resolved", {"images": len(images), "images_per_second": speed, "kimg": found["kimg"]}
                )
        job.refresh_from_db(fields=["resolved"])
    assert job.resolved is not None
    return Recipe.from_dict({name: value for name, value in job.resolved.items() if name != "pilot"})


def piloted(request: RecipeRequest, images: ImageSet, count: int, watch: Watch) -> dict[str, Any]:
    """The recipe for this device, and beside it, as equal seeds share the recipe alone, what the pilot measured."""
    device, started = best_device(), time.monotonic()
    classes = images.classes if request.labels else ()

    def measure(threads: int) -> float:
        watch.check()
        return training.images_per_second(images, request, device, seconds, threads=threads)

    try:
        facts: dict[str, Any] = {"images": len(images), "channels": images.channels, "classes": classes}
        resolve(request, **facts)
        check_memory(request, images, device, best_dtype(device))
        seconds = pilot_seconds(request, len(images), count) / 2
        threads, speed = fastest(measure)
        facts |= {"dtype": best_dtype(device), "threads": threads}
        pilot = {"images_per_second": round(speed, 2), "seconds": round(time.monotonic() - started, 1)}
        return resolve(request, **facts, images_per_second=speed).to_dict() | {"pilot": pilot}
    except TooLittleMemory as error:
        raise Impossible(memory.short(error.needed, error.free, error.fits)) from error
    except RecipeError as error:
        raise Impossible(error.message) from error


def train(
    claim: Claim, job: GenerationJob, watch: Watch, recipe: Recipe, images: ImageSet, holdout: ImageSet
) -> tuple[Progress, Checkpoint]:
    resume = stored_checkpoint(claim) or parents_checkpoint(job)
    tell_start(claim, job, resume)
    reporter, keeper = Reporter(job, claim), Keeper(job, claim, resume)
    last = None
    for last in progress_of(recipe, images, holdout, resume, lambda: watch.leaves or watch.keeps_best):
        watch.look()
        reporter.report(last)
        keeper.keep(last, leaving=watch.leaves)
        watch.check()
        if watch.keeps_best and keeper.newest is not None:
            keeper.store(keeper.newest, stopped_early=not last.done)
            tell_best(job, keeper.newest)
            break
    # A run that ends has a checkpoint.
    assert last is not None
    assert keeper.newest is not None
    return last, keeper.newest


def tell_start(claim: Claim, job: GenerationJob, resume: Checkpoint | None) -> None:
    with transaction.atomic():
        events.record(job, "stage", {}, stage=Stage.TRAINING)
        if resume is not None:
            parent = resumed(job) if "checkpoint" not in claim.task.output else None
            origin = {"parent": str(parent.public_id)} if parent is not None else {}
            events.record(job, "resumed", {"kimg": resume.kimg, "attempt": claim.task.attempt} | origin)


def tell_best(job: GenerationJob, checkpoint: Checkpoint) -> None:
    """A run that comes to its end says so itself; one that is stopped does not."""
    if checkpoint.state["best"] and not checkpoint.state["delivered_kimg"]:
        kimg = checkpoint.state["generator_kimg"]
        notes.tell(job, "delivers-best", checkpoint.kimg, {"best_kimg": kimg, **checkpoint.state["best"]})


def progress_of(
    recipe: Recipe, images: ImageSet, holdout: ImageSet, resume: Checkpoint | None, stopping: Callable[[], bool]
) -> Iterator[Progress]:
    try:
        yield from reports(
            images,
            recipe,
            holdout=holdout,
            resume=resume,
            checkpoint_seconds=CHECKPOINT_SECONDS,
            preview_seconds=PREVIEW_SECONDS,
            stopping=stopping,
        )
    except CheckpointError as error:
        raise Impossible(
            _("The stored checkpoint belongs to other images or settings. Please start the job again.")
        ) from error
    except training.TrainingError as error:
        raise Impossible(_("Training diverged. Another seed or the preset “standard” usually helps.")) from error


def reports(images: ImageSet, recipe: Recipe, **settings: Any) -> Iterator[Progress]:  # Any: of training.train
    """From this process, or from as many as there are GPUs here, or the settings ask for, and as can share a batch."""
    processes = most_processes(recipe, site.TRAINING_PROCESSES or torch.cuda.device_count() or 1)
    if processes == 1:
        yield from training.train(images, recipe, device=best_device(), **settings)
        return
    with tempfile.TemporaryDirectory(prefix="team-") as folder:
        yield from members.train_together(images, recipe, processes=processes, folder=Path(folder), **settings)


class Keeper:
    """Stores checkpoints, so that a killed worker costs under a minute; the older goes once the newer is on record."""

    def __init__(self, job: GenerationJob, claim: Claim, newest: Checkpoint | None) -> None:
        self.job, self.claim, self.newest = job, claim, newest
        self.count, self.stored_at = 0, float("-inf")

    def keep(self, progress: Progress, *, leaving: bool = False) -> None:
        if progress.checkpoint is None:
            return
        self.newest = progress.checkpoint
        if progress.done:
            patiently(partial(self.store, progress.checkpoint))
        elif leaving:
            self.store(progress.checkpoint)
        elif time.monotonic() - self.stored_at >= STORE_SECONDS:
            self.try_to_store(progress.checkpoint)

    def try_to_store(self, checkpoint: Checkpoint) -> None:
        """Training goes on while the store refuses: the next checkpoint is as good."""
        try:
            self.store(checkpoint)
        except Exception as error:
            if not passes(error):
                raise
            logger.warning("A checkpoint of job %s was not stored", self.job.public_id, exc_info=True)

    def store(self, checkpoint: Checkpoint, **output: Any) -> None:
        self.count += 1
        key = f"jobs/{self.job.public_id}/checkpoints/{self.claim.fence}-{self.count}.pt"
        default_storage.save(key, ContentFile(checkpoint.to_bytes()))
        older = self.claim.task.output.get("checkpoint")
        try:
            self.claim.advance(checkpoint=key, kimg=checkpoint.kimg, failures=0, **output)
        except Lost:
            default_storage.delete(key)
            raise
        if older:
            default_storage.delete(older)
        self.stored_at = time.monotonic()


def stored_checkpoint(claim: Claim) -> Checkpoint | None:
    key = claim.task.output.get("checkpoint")
    return handover.load(key) if key and default_storage.exists(key) else None


def parents_checkpoint(job: GenerationJob) -> Checkpoint | None:
    """Of a job that goes on with the training of another. Raises Impossible where that is not stored any more."""
    if (parent := resumed(job)) is None:
        return None
    key = leftovers.resumable(parent)
    if not key or not default_storage.exists(key):
        raise Impossible(_("The training to go on with is not stored any more. Please run the job again."))
    return handover.load(key)
