"""What the web side asks of a job: submit it, cancel it, stop it and keep the best."""

import secrets
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from . import claims, endings, events
from .access import Person
from .engine import config
from .engine.config import RecipeRequest
from .models import GenerationJob, Generator, JobTask, SourceSet, Upload

State = GenerationJob.State
Intent = GenerationJob.StopIntent


class JobRefused(Exception):
    """A job that can't be taken; `message` says why and what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def submit(
    owner: Person,
    source_set: SourceSet,
    *,
    count: int,
    request: RecipeRequest,
    parent: GenerationJob | None = None,
    starts_from: Generator | None = None,
    seed: int | None = None,
) -> GenerationJob:
    """Nothing here grows with the number of source images: intake has counted them and made their fingerprint."""
    check(source_set, count, request)
    seed = secrets.randbits(63) if seed is None else seed
    seconds = expected_seconds(source_set, request, count)
    with transaction.atomic():
        if source_set.sealed_at is None:
            source_set.seal()
        job = GenerationJob.objects.create(
            owner_id=owner.pk,  # type: ignore[misc]  # only members get here
            source_set=source_set,
            count=count,
            seed=seed,
            requested=replace(request, seed=seed).to_dict(),
            expected_seconds=seconds,
            parent=parent,
            starts_from=starts_from,
        )
        claims.add(JobTask.Kind.TRAIN, job=job)
        events.record(job, "submitted", {"count": count, "expected_seconds": seconds})
    return job


def check(source_set: SourceSet, count: int, request: RecipeRequest) -> None:
    if not 1 <= count <= settings.MAX_COUNT:
        raise JobRefused("count", _("Choose between 1 and %(most)s images.") % {"most": f"{settings.MAX_COUNT:,}"})
    if not source_set.declared:
        raise JobRefused("source_set", _("Declare first that you hold the rights to these images."))
    if source_set.uploads.filter(state=Upload.State.CHECKING).exists():
        raise JobRefused("source_set", _("Some images are still being checked. Please wait a moment and try again."))
    if source_set.usable_count < config.MIN_IMAGES:
        text = _("Training needs at least %(least)d usable images; this set has %(usable)d.")
        raise JobRefused("source_set", text % {"least": config.MIN_IMAGES, "usable": source_set.usable_count})
    if source_set.usable_count > config.MAX_IMAGES:
        raise JobRefused("source_set", _("Training takes at most %(most)d images.") % {"most": config.MAX_IMAGES})
    if request.labels and len(source_set.label_counts) < 2:
        raise JobRefused("labels", _("Labels need images in at least two class folders."))


def expected_seconds(source_set: SourceSet, request: RecipeRequest, count: int) -> tuple[float, float]:
    images = max(source_set.usable_count, config.MIN_IMAGES)
    low, high = config.expected_seconds(request, images=images, count=count, images_per_second=known_speed(request))
    return round(low, 1), round(high, 1)


def known_speed(request: RecipeRequest) -> float | None:
    """Images per second of the newest generator made with this recipe, on whatever this site runs on."""
    like = Generator.objects.filter(recipe__preset=request.preset, recipe__resolution=request.resolution)
    metrics = like.order_by("-pk").values_list("metrics", flat=True).first()
    return (metrics or {}).get("images_per_second")


def cancel(job: GenerationJob) -> bool:
    """False where the job had ended already. A running one ends within seconds."""
    return endings.cancel(job, only_from=(State.QUEUED,)) or ask_to_stop(job, Intent.DISCARD)


def stop(job: GenerationJob) -> bool:
    """Ends training and goes on with the best generator so far; while sampling, ends with the images there are."""
    if endings.cancel(job, only_from=(State.QUEUED,)):
        return True
    return ask_to_stop(job, Intent.KEEP_BEST)


def ask_to_stop(job: GenerationJob, intent: str) -> bool:
    with transaction.atomic():
        asked = ask(job, intent)
        if asked and intent == Intent.KEEP_BEST:
            drop_waiting_shards(job)
        if asked:
            events.record(job, "stopping", {"intent": intent})
    job.refresh_from_db()
    return bool(asked)


def ask(job: GenerationJob, intent: str) -> int:
    """Discard outweighs keep the best, and nothing outweighs an end."""
    changes: dict[str, Any] = {"state": State.STOPPING, "stop_intent": intent}
    active = GenerationJob.objects.filter(pk=job.pk, state__in=(State.RUNNING, State.STOPPING))
    return active.exclude(stop_intent=Intent.DISCARD).update(**changes)


def drop_waiting_shards(job: GenerationJob) -> None:
    """Leaves the shards that are done or under way, and at least one."""
    shards = job.tasks.filter(kind=JobTask.Kind.SAMPLE)
    waiting = shards.filter(state=JobTask.State.QUEUED)
    if not shards.exclude(state__in=(JobTask.State.QUEUED, JobTask.State.CANCELLED)).exists():
        waiting = waiting.exclude(first=0)
    waiting.update(state=JobTask.State.CANCELLED)
