"""Measures written by hand."""

import array

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from generation.models import Dataset, DatasetFile


def write(dataset: Dataset, *columns) -> None:
    """Of each measure its values and how suspicious each is, the least first; then whom each image is like."""
    *pairs, twins = columns
    content = b""
    for values, suspicion in pairs:
        order = sorted(range(len(values)), key=lambda n: suspicion[n])
        content += array.array("f", values).tobytes() + array.array("I", order).tobytes()
        content += array.array("f", [values[n] for n in order]).tobytes()
    content += array.array("I", twins).tobytes()
    key = default_storage.save(f"datasets/{dataset.public_id}/measures.bin", ContentFile(content))
    DatasetFile.objects.create(dataset=dataset, kind="measures", name="measures.bin", key=key, size=1, sha256="0" * 64)
