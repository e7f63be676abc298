"""What a person uploaded and made, and how their own images are forgotten."""

from contextlib import suppress
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files.storage import default_storage

from . import bucket, jobs, leftovers, removal
from .models import Dataset, GenerationJob, Generator, Notification, SourceImage, SourceSet, Upload


def export_for(user: AbstractBaseUser) -> dict[str, Any]:  # Any: JSON values
    images = SourceImage.objects.filter(source_set__owner_id=user.pk)
    return {
        "source_sets": list(
            SourceSet.objects.filter(owner_id=user.pk).values(
                "public_id", "name", "version", "declaration", "declaration_version", "declared_at", "created_at"
            )
        ),
        "source_images": list(images.values("source_set__public_id", "file_name", "label", "verdict", "sha256")),
        "jobs": list(
            GenerationJob.objects.filter(owner_id=user.pk).values(
                "public_id", "state", "count", "requested", "created_at"
            )
        ),
        "datasets": list(
            Dataset.objects.filter(owner_id=user.pk).values("public_id", "name", "count", "content_hash", "created_at")
        ),
        "notifications": list(
            Notification.objects.filter(owner_id=user.pk).values(
                "job__public_id", "kind", "title", "address", "details", "created_at", "read_at", "mailed_at"
            )
        ),
    }


def erase(user: AbstractBaseUser) -> None:
    """Ends what runs; deletes source images, trained models, names, notifications, and datasets never offered."""
    for job in GenerationJob.objects.filter(owner_id=user.pk, state__in=GenerationJob.ACTIVE):
        jobs.cancel(job)
    delete_files(user)
    for dataset in Dataset.objects.filter(owner_id=user.pk):
        with suppress(removal.DatasetKept):
            removal.delete(dataset)
    SourceImage.objects.filter(source_set__owner_id=user.pk).update(file_name="", label="", look=b"")
    Upload.objects.filter(source_set__owner_id=user.pk).update(file_name="")
    Notification.objects.filter(owner_id=user.pk).delete()
    SourceSet.objects.filter(owner_id=user.pk).update(name="–", stored_bytes=0)


def delete_files(user: AbstractBaseUser) -> None:
    keys = SourceImage.objects.filter(source_set__owner_id=user.pk).exclude(key="").values_list("key", flat=True)
    leftovers.remove_files(list(keys))
    for generator in Generator.objects.filter(owner_id=user.pk):
        default_storage.delete(generator.checkpoint_key)
    for upload in Upload.objects.filter(source_set__owner_id=user.pk):
        if bucket.is_used():
            bucket.abandon(upload.key)
        leftovers.remove_folder(upload.folder)
