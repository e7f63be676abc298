"""Who may see which row. Other people's private rows are not there at all: 404. Staff may read everything."""

from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from .models import Dataset, GenerationJob, Generator, Notification, SourceSet, Upload

Rows = TypeVar("Rows", bound=QuerySet[Any])  # Any: whichever model
Person = AbstractBaseUser | AnonymousUser


def visible(queryset: Rows, user: Person) -> Rows:
    """The rows a person's own lists show."""
    return queryset.filter(owner_id=user.pk) if user.is_authenticated else queryset.none()


def readable(queryset: Rows, user: Person) -> Rows:
    return queryset if is_staff(user) else visible(queryset, user)


def may_read(person: AbstractBaseUser, owner_id: int) -> bool:
    """As `readable`, of a row that is at hand."""
    return person.is_active and (person.pk == owner_id or getattr(person, "is_staff", False))


def source_set_for(user: Person, public_id: UUID | str) -> SourceSet:
    return get_object_or_404(readable(SourceSet.objects.all(), user), public_id=public_id)


def own_source_set(user: Person, public_id: UUID | str) -> SourceSet:
    """For changes: staff read, but do not add to a seller's images."""
    return get_object_or_404(visible(SourceSet.objects.all(), user), public_id=public_id)


def own_upload(user: Person, source_set_id: UUID | str, public_id: UUID | str) -> Upload:
    source_set = own_source_set(user, source_set_id)
    return get_object_or_404(Upload, source_set=source_set, public_id=public_id)


def job_for(user: Person, public_id: UUID | str) -> GenerationJob:
    rows = GenerationJob.objects.select_related("source_set", "generator", "dataset")
    return get_object_or_404(readable(rows, user), public_id=public_id)


def own_job(user: Person, public_id: UUID | str) -> GenerationJob:
    """For changes: staff watch a seller's job, but do not stop it."""
    rows = GenerationJob.objects.select_related("source_set", "generator", "dataset")
    return get_object_or_404(visible(rows, user), public_id=public_id)


def dataset_for(user: Person, public_id: UUID | str) -> Dataset:
    rows = Dataset.objects.select_related("job", "generator")
    return get_object_or_404(readable(rows, user), public_id=public_id)


def own_dataset(user: Person, public_id: UUID | str) -> Dataset:
    """For changes: staff look at a seller's dataset, but do not rename or delete it."""
    return get_object_or_404(visible(Dataset.objects.select_related("job", "generator"), user), public_id=public_id)


def generator_for(user: Person, public_id: UUID | str) -> Generator:
    return get_object_or_404(readable(Generator.objects.select_related("source_set"), user), public_id=public_id)


def own_generator(user: Person, public_id: UUID | str) -> Generator:
    return get_object_or_404(visible(Generator.objects.select_related("source_set"), user), public_id=public_id)


def may_see_work(user: Person) -> bool:
    """Everyone's jobs and tasks together, and the machines they run on."""
    return is_staff(user) and may(user, "generation.view_jobtask")


def may_direct_work(user: Person) -> bool:
    """Start and stop other people's jobs."""
    return may_see_work(user) and may(user, "generation.change_generationjob")


def may(user: Person, permission: str) -> bool:
    return isinstance(user, PermissionsMixin) and user.has_perm(permission)


def is_staff(user: Person) -> bool:
    return bool(getattr(user, "is_staff", False) and user.is_active)


def own_notification(user: Person, number: int) -> Notification:
    """What its owner was told. Other people's, staff among them, have no part in it."""
    rows = Notification.objects.select_related("job__source_set", "job__dataset")
    return get_object_or_404(visible(rows, user), pk=number)
