"""What the web side asks of a job: submit it, cancel it, stop it and keep the best."""

import secrets
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from . import claims, endings, events, limits, room, sharing
from .access import Person
from .engine import config
from .engine.config import RecipeRequest
from .estimates import expected_seconds, sampling_seconds
from .models import GenerationJob, Generator, JobTask, SourceSet, Upload

State = GenerationJob.State
Intent = GenerationJob.StopIntent


class JobRefused(Exception):
    """A job that can't be taken; `errors` says by field why, and what to do."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


def submit(
    owner: Person,
    source_set: SourceSet,
    *,
    count: int,
    request: RecipeRequest,
    parent: GenerationJob | None = None,
    seed: int | None = None,
    way: str = GenerationJob.Sharing.EQUAL,
) -> GenerationJob:
    """Nothing here grows with the number of source images: intake has counted them and made their fingerprint.

    `way` is one of sharing.WAYS; with "each", `count` is that of each label.
    """
    labels = len(sharing.counts(source_set)) if request.labels else 0
    count = sharing.total(count, way, labels or 1)
    check(
        count=count_problem(count) or room.problem(source_set, request, count),
        source_set=set_problem(source_set),
        labels=label_problem(source_set, request),
        sharing=sharing.problem(way, labels) if not request.labels else "",
    )
    seed = secrets.randbits(63) if seed is None else seed
    # Before the transaction, which holds the database's one write lock.
    seconds = expected_seconds(source_set, request, count)
    with transaction.atomic():
        if source_set.sealed_at is None:
            source_set.seal()
        return begin(
            owner_id=owner.pk,
            source_set=source_set,
            count=count,
            sharing=sharing.kept(way),
            seed=seed,
            requested=replace(request, seed=seed).to_dict(),
            expected_seconds=seconds,
            parent=parent,
        )


def more(
    owner: Person,
    generator: Generator,
    *,
    count: int,
    parent: GenerationJob | None = None,
    seed: int | None = None,
    way: str = GenerationJob.Sharing.EQUAL,
) -> GenerationJob:
    """More images of a generator that exists: nothing is trained, and no image is one that it made before."""
    seed = secrets.randbits(63) if seed is None else seed
    recipe = generator.recipe
    request = RecipeRequest(
        preset=recipe["preset"],
        resolution=recipe["resolution"],
        fit=recipe["fit"],
        labels=bool(recipe["classes"]),
        transparency="keep" if recipe["channels"] == 4 else "white",
        seed=seed,
    )
    labels = len(recipe["classes"])
    count = sharing.total(count, way, labels or 1)
    check(
        count=count_problem(count) or room.problem(generator.source_set, request, count),
        sharing=sharing.problem(way, labels),
    )
    with transaction.atomic():
        return begin(
            owner_id=owner.pk,
            source_set=generator.source_set,
            count=count,
            sharing=sharing.kept(way),
            seed=seed,
            requested=request.to_dict(),
            expected_seconds=sampling_seconds(request.resolution, count),
            parent=parent,
            starts_from=generator,
        )


def begin(**fields: Any) -> GenerationJob:  # Any: the job's fields
    """Within a transaction: the job, its first task and its first event."""
    job = GenerationJob.objects.create(**fields, last_event=events.FIRST)
    claims.add(JobTask.Kind.TRAIN, job=job)
    events.open_with(job, "submitted", {"count": job.count, "expected_seconds": job.expected_seconds})
    return job


def check(**problems: str) -> None:
    """All that is wrong is told at once."""
    if errors := {field: problem for field, problem in problems.items() if problem}:
        raise JobRefused(errors)


def count_problem(count: int) -> str:
    return "" if 1 <= count <= settings.MAX_COUNT else limits.sentences()["count"]


def set_problem(source_set: SourceSet) -> str:
    """Why nothing can be trained on this set now, or nothing."""
    usable = source_set.usable_count
    if not source_set.declared:
        return _("Declare first that you hold the rights to these images.")
    if source_set.uploads.filter(state=Upload.State.CHECKING).exists():
        return _("Some images are still being checked. Please wait a moment and try again.")
    if usable < config.MIN_IMAGES:
        text = _("Training needs at least %(least)d usable images; this set has %(usable)d.")
        return text % {"least": config.MIN_IMAGES, "usable": usable}
    if usable > config.MAX_IMAGES:
        text = _("Training takes at most %(most)s images; this set has %(usable)s.")
        return text % {"most": f"{config.MAX_IMAGES:,}", "usable": f"{usable:,}"}
    return ""


def label_problem(source_set: SourceSet, request: RecipeRequest) -> str:
    if not request.labels:
        return ""
    if len(source_set.label_counts) < 2:
        return _("Labels need images in at least two class folders.")
    few = {label or "–": n for label, n in source_set.label_counts.items() if n < limits.MIN_PER_LABEL}
    if few:
        text = _("Each label needs at least %(least)d images. Add some to these, or generate without labels: %(few)s.")
        named = ", ".join(f"{label} ({n})" for label, n in sorted(few.items())[:5])
        return text % {"least": limits.MIN_PER_LABEL, "few": named}
    return ""


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
