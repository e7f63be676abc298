"""Removing stored files that nobody needs any more. What can't be removed now is only logged."""

import logging

from django.core.files.storage import default_storage

from generation.models import GenerationJob

from . import shards

logger = logging.getLogger(__name__)


def remove_leftovers(job: GenerationJob) -> None:
    """Of a job that has its dataset: shards and training checkpoints, of all attempts."""
    remove_folder(shards.folder(job))
    remove_folder(f"jobs/{job.public_id}/checkpoints")


def remove_folder(folder: str) -> None:
    try:
        _folders, names = default_storage.listdir(folder)
        for name in names:
            default_storage.delete(f"{folder}/{name}")
        default_storage.delete(folder)
    except FileNotFoundError:
        return
    except Exception:
        logger.warning("%s was not removed", folder, exc_info=True)
