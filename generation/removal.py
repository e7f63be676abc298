"""Deleting a dataset for good: the row, its files, and the room they took."""

from functools import partial

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from . import leftovers, refinements
from .models import Dataset


class DatasetKept(Exception):
    """It can't be deleted; the message says why."""


def delete(dataset: Dataset) -> int:
    """Returns how many bytes it frees. The trained model stays, and its numbers are not used again."""
    if refinements.in_work(dataset).exists():
        text = _("A refined dataset is being made from this one. Wait until that job has ended, or cancel it first.")
        raise DatasetKept(text)
    folder = f"datasets/{dataset.public_id}"
    freed = sum(dataset.files.values_list("size", flat=True))
    try:
        with transaction.atomic():
            dataset.delete()
            transaction.on_commit(partial(leftovers.remove_folder, folder))
    except ProtectedError as error:
        text = _("A listing was made from this dataset. It stays, so that buyers keep what they paid for.")
        raise DatasetKept(text) from error
    return freed


def empty(dataset: Dataset) -> None:
    """For one that can't be deleted: what it was made of stays written down, its images do not."""
    dataset.files.all().delete()
    transaction.on_commit(partial(leftovers.remove_folder, f"datasets/{dataset.public_id}"))
