"""Removing stored files that nobody needs any more. What can't be removed now is logged, and found again later."""

import logging
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.utils import timezone

from .models import GenerationJob

logger = logging.getLogger(__name__)

# A worker that lost its job may still be about to write.
GRACE = timedelta(minutes=1)
# So that one round of sweeping stays short.
BATCH = 10


def sweep() -> int:
    """Of jobs that ended without a dataset, or whose end was cut short: how many it tidied."""
    return sum(remove(job) for job in to_tidy()[:BATCH])


def to_tidy() -> QuerySet[GenerationJob]:
    ended = GenerationJob.objects.filter(tidied_at__isnull=True, finished_at__lte=timezone.now() - GRACE)
    return ended.order_by("finished_at")


def remove(job: GenerationJob) -> bool:
    """Shards and training checkpoints, of all attempts. Samples and the trained model stay."""
    folders = (shard_folder(job), f"jobs/{job.public_id}/checkpoints")
    removed = [remove_folder(folder) for folder in folders]
    if not all(removed):
        return False
    return bool(GenerationJob.objects.filter(pk=job.pk, tidied_at__isnull=True).update(tidied_at=timezone.now()))


def shard_folder(job: GenerationJob) -> str:
    return f"shards/{job.public_id}"


def remove_folder(folder: str) -> bool:
    """Whether it is gone."""
    try:
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
