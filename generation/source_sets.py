"""Making source sets, naming and deleting them, and new versions of sealed ones."""

from functools import partial

from django.db import connection, transaction
from django.utils.translation import gettext as _

from . import abandoned
from .access import Person
from .models import SourceImage, SourceSet
from .refusals import UploadRefused

# What a seller must be able to say of every image. The form words these; the answers are kept with their version.
DECLARATION = ("owns_rights", "no_recognisable_people")


def create(owner: Person, name: str, answers: dict[str, bool]) -> SourceSet:
    if not all(answers.get(statement) is True for statement in DECLARATION):
        raise UploadRefused("declaration", _("Please confirm every statement: nothing can be made without the rights."))
    with transaction.atomic():
        source_set = SourceSet.objects.create(owner_id=owner.pk, name=name)  # type: ignore[misc]  # only members get here
        source_set.declare(answers)
    return source_set


def rename(source_set: SourceSet, name: str) -> SourceSet:
    """A name is for its owner alone, so a sealed version can be renamed too."""
    source_set.name = name
    source_set.save(update_fields=["name"])
    return source_set


def why_kept(source_set: SourceSet) -> str:
    """Why it can't be deleted, or nothing."""
    if source_set.sealed_at is None and not source_set.jobs.exists():
        return ""
    return _(
        "A generation job used these images, and what was made of them is traced back to them. This version can be"
        " renamed, but not deleted. In a new version you can add images and delete others."
    )


def versions(source_set: SourceSet) -> list[SourceSet]:
    """All versions of the same images, the newest first."""
    found = [source_set]
    while newer := SourceSet.objects.filter(previous=found[0]).first():
        found.insert(0, newer)
    while older := found[-1].previous:
        found.append(older)
    return found


@transaction.atomic
def delete(source_set: SourceSet) -> None:
    """The rows now, the files once that is certain."""
    source_set = SourceSet.objects.select_for_update().get(pk=source_set.pk)
    if kept := why_kept(source_set):
        raise UploadRefused("source_set", kept)
    uploads = list(source_set.uploads.all())
    # Row by row, Django would read 10,000 of them first and hold the write lock meanwhile.
    source_set.images.all()._raw_delete(source_set.images.db)
    source_set.delete()
    transaction.on_commit(partial(abandoned.remove_files_of, source_set, uploads))


@transaction.atomic
def new_version(source_set: SourceSet) -> SourceSet:
    """An open set with the same usable images, whose files both share. Called again it returns the same set."""
    if source_set.sealed_at is None:
        return source_set
    newer, created = SourceSet.objects.get_or_create(
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
            "transparent": source_set.transparent,
            "blocked_count": source_set.blocked_count,
            "draft_fingerprint": source_set.fingerprint,
        },
    )
    if created:
        copy_images(source_set, newer)
    return newer


def copy_images(older: SourceSet, newer: SourceSet) -> None:
    """Within the database: 10,000 rows by way of Python would hold the write lock for seconds."""
    table = connection.ops.quote_name(SourceImage._meta.db_table)
    own = {"id", "source_set_id", "upload_id", "number", "duplicate_of_id", "alike_id"}
    columns = ", ".join(field.attname for field in SourceImage._meta.concrete_fields if field.attname not in own)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (source_set_id, number, {columns})"
            f" SELECT %s, row_number() OVER (ORDER BY id) - 1, {columns} FROM {table}"
            " WHERE source_set_id = %s AND verdict IN (%s, %s)",
            [newer.pk, older.pk, *SourceImage.USABLE],
        )
