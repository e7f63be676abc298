from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from .models import GenerationJob


def key(job: GenerationJob, number: int) -> str:
    return f"jobs/{job.public_id}/previews/{number}.png"


def keep(job: GenerationJob, number: int, png: bytes) -> str:
    """Returns the path that shows it."""
    default_storage.save(key(job, number), ContentFile(png))
    return reverse("job-preview", args=[job.public_id, number])


def image_bytes(job: GenerationJob, number: int) -> bytes:
    """Raises FileNotFoundError."""
    with default_storage.open(key(job, number)) as file:
        return bytes(file.read())
