"""Making source sets, and new versions of sealed ones."""

from django.db import transaction
from django.utils.translation import gettext as _

from .access import Person
from .models import SourceImage, SourceSet
from .refusals import UploadRefused

# What a seller must be able to say of every image. The form words these; the answers are kept with their version.
DECLARATION = ("owns_rights", "no_recognisable_people")
BATCH = 500


def create(owner: Person, name: str, answers: dict[str, bool]) -> SourceSet:
    if not all(answers.get(statement) is True for statement in DECLARATION):
        raise UploadRefused("declaration", _("Please confirm every statement: nothing can be made without the rights."))
    with transaction.atomic():
        source_set = SourceSet.objects.create(owner_id=owner.pk, name=name)  # type: ignore[misc]  # only members get here
        source_set.declare(answers)
    return source_set


def new_version(source_set: SourceSet) -> SourceSet:
    """An open set with the same usable images. Called again it returns the same set, its copying finished."""
    if source_set.sealed_at is None:
        return source_set
    newer, _created = SourceSet.objects.get_or_create(
        previous=source_set,
        defaults={
            "owner_id": source_set.owner_id,
            "name": source_set.name,
            "version": source_set.version + 1,
            "declaration": source_set.declaration,
            "declaration_version": source_set.declaration_version,
            "declared_at": source_set.declared_at,
            "usable_count": source_set.usable_count,
            "label_counts": source_set.label_counts,
            "grey": source_set.grey,
            "draft_fingerprint": source_set.draft_fingerprint or source_set.fingerprint,
        },
    )
    while copy_batch(source_set, newer):
        pass
    return newer


@transaction.atomic
def copy_batch(older: SourceSet, newer: SourceSet) -> bool:
    """Copies the next rows in a transaction of its own, so that no write lock lasts. The files are shared."""
    SourceSet.objects.select_for_update().get(pk=newer.pk)
    done = newer.images.filter(upload=None).count()
    images = list(older.usable_images.order_by("pk")[done : done + BATCH])
    for number, image in enumerate(images, start=done):
        image.pk, image._state.adding = None, True
        image.source_set, image.upload, image.number = newer, None, number
    SourceImage.objects.bulk_create(images)
    return bool(images)
