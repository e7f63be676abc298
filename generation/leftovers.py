"""Removing stored files that nobody needs any more. What can't be removed now is logged, and found again later."""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DatabaseError
from django.db.models import QuerySet
from django.utils import timezone

from . import bucket
from .models import GenerationJob, JobTask

logger = logging.getLogger(__name__)

# A worker that lost its job may still be about to write.
GRACE = timedelta(minutes=1)
# So long a new job can go on with the training of one that failed or was stopped early.
RESUMABLE = timedelta(days=7)
# No task works on one file for so long.
TEMPORARY = timedelta(days=2)
# So that one round of sweeping stays short.
BATCH = 10

State = GenerationJob.State


def sweep() -> int:
    """Of jobs that ended without a dataset, or whose end was cut short: how many it tidied."""
    return sum(remove(job) for job in to_tidy()[:BATCH])


def to_tidy() -> QuerySet[GenerationJob]:
    ended = GenerationJob.objects.filter(tidied_at__isnull=True, finished_at__lte=timezone.now() - GRACE)
    return ended.order_by("finished_at")


def remove(job: GenerationJob) -> bool:
    """All that `free` removes, for good: no worker can be about to write any more."""
    if not free(job):
        return False
    return bool(GenerationJob.objects.filter(pk=job.pk, tidied_at__isnull=True).update(tidied_at=timezone.now()))


def free(job: GenerationJob) -> bool:
    """Shards of all attempts, files of an end that was cut short, and training checkpoints that no job can go on from.

    Samples and the model stay.
    """
    freed = [remove_folder(shard_folder(job)), *(remove_unfinished(task) for task in unfinished(job))]
    if not own_checkpoint(job):
        freed.append(remove_checkpoints(job))
    return all(freed)


def resumable(job: GenerationJob) -> str:
    """Storage key of what a new job can go on from where this one ended, or nothing.

    A job that failed with its generator made is gone on with by sampling; else training goes on from its newest
    checkpoint, or from its parent's where it went on from that and made none of its own. A refined dataset is made
    anew.
    """
    if job.origin == GenerationJob.Origin.REFINED:
        return ""
    if job.state == State.FAILED and job.generator is not None:
        return job.generator.checkpoint_key
    if key := own_checkpoint(job):
        return key
    resumed = job.state == State.FAILED and job.origin == GenerationJob.Origin.RESUMED
    return resumable(job.parent) if resumed and job.parent is not None else ""


def own_checkpoint(job: GenerationJob) -> str:
    """Of a job whose training did not come to its end, for RESUMABLE."""
    if job.state not in (State.FAILED, State.SUCCEEDED) or job.finished_at is None:
        return ""
    if timezone.now() - job.finished_at > RESUMABLE or not (task := job.tasks.filter(kind=JobTask.Kind.TRAIN).first()):
        return ""
    stopped_early = task.output.get("stopped_early", False) if job.state == State.SUCCEEDED else job.generator is None
    return str(task.output.get("checkpoint", "")) if stopped_early else ""


def expire() -> int:
    """Checkpoints that nobody went on from in time."""
    old = JobTask.objects.filter(
        kind=JobTask.Kind.TRAIN,
        output__has_key="checkpoint",
        job__tidied_at__isnull=False,
        job__finished_at__lt=timezone.now() - RESUMABLE,
    )
    needed = GenerationJob.objects.filter(origin=GenerationJob.Origin.RESUMED, state__in=GenerationJob.ACTIVE)
    tasks = old.exclude(job__in=needed.values("parent")).select_related("job")
    return sum(remove_checkpoints(task.job) for task in tasks if task.job is not None)


def remove_temporary() -> int:
    """Files that a killed process was working on."""
    old = time.time() - TEMPORARY.total_seconds()
    paths = [path for path in (settings.VAR_DIR / "tmp").glob("*") if path.is_file() and path.stat().st_mtime < old]
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)


def remove_checkpoints(job: GenerationJob) -> bool:
    if not remove_folder(f"jobs/{job.public_id}/checkpoints"):
        return False
    for task in job.tasks.filter(kind=JobTask.Kind.TRAIN, output__has_key="checkpoint"):
        output = {name: value for name, value in task.output.items() if name != "checkpoint"}
        JobTask.objects.filter(pk=task.pk).update(output=output)
    return True


def unfinished(job: GenerationJob) -> QuerySet[JobTask]:
    return job.tasks.filter(output__has_key="unfinished").exclude(state=JobTask.State.DONE)


def remove_unfinished(task: JobTask) -> bool:
    """What an attempt was writing that did not come to its end: a folder, or one file."""
    place = task.output.get("unfinished", "")
    # An error after the commit undoes nothing.
    finished = JobTask.objects.filter(pk=task.pk, state=JobTask.State.DONE, output__unfinished=place)
    if not place or finished.exists():
        return True
    return remove_file(place) if place.endswith(".pt") else remove_folder(place)


def remove_uncommitted(task: JobTask, key: str) -> None:
    """What an attempt stored and then failed to put on record; an error may also have come after the commit."""
    try:
        if not JobTask.objects.filter(pk=task.pk, output_key=key, state=JobTask.State.DONE).exists():
            remove_file(key)
    except DatabaseError:
        logger.warning("Whether %s is needed can't be told; it goes with its job's other files", key)


def remove_file(key: str) -> bool:
    try:
        default_storage.delete(key)
    except Exception:
        logger.warning("%s was not removed", key, exc_info=True)
        return False
    return True


def remove_files(keys: Sequence[str]) -> None:
    if bucket.is_used():
        return bucket.remove(keys)
    for key in keys:
        default_storage.delete(key)


def shard_folder(job: GenerationJob) -> str:
    return f"shards/{job.public_id}"


def remove_folder(folder: str) -> bool:
    """Whether it is gone."""
    try:
        if bucket.is_used():
            bucket.remove(bucket.under(folder))
            return True
        _folders, names = default_storage.listdir(folder)
        for name in names:
            default_storage.delete(f"{folder}/{name}")
        default_storage.delete(folder)
    except FileNotFoundError:
        return True
    except Exception:
        logger.warning("%s was not removed", folder, exc_info=True)
        return False
    return True
