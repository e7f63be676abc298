"""A sold bundle is made by the store: a part's images copied there, and a tail sent after them."""

import os

import pytest
from botocore.exceptions import ClientError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from generation import bucket, joining

MEGABYTE = 1024 * 1024
SOURCE, KEY = "joining/part.zip", "joining/whole.zip"
DATA = os.urandom(13 * MEGABYTE)


@pytest.fixture
def source():
    default_storage.save(SOURCE, ContentFile(DATA))
    yield
    bucket.remove([SOURCE, KEY])


def test_what_is_copied_and_what_is_sent_are_one_file(source, monkeypatch):
    monkeypatch.setattr(joining, "COPIED_BYTES", 10 * MEGABYTE)
    monkeypatch.setattr(bucket, "read", None)
    prefix = 12 * MEGABYTE + 345
    joining.join(KEY, SOURCE, prefix, b"tail")
    assert default_storage.open(KEY).read() == DATA[:prefix] + b"tail"
    assert bucket.unfinished(KEY) == []


@pytest.mark.parametrize("prefix", [1, joining.LEAST_BYTES - 1, joining.LEAST_BYTES])
def test_a_small_beginning(source, prefix):
    joining.join(KEY, SOURCE, prefix, b"tail")
    assert default_storage.open(KEY).read() == DATA[:prefix] + b"tail"


def test_pieces_are_neither_too_small_nor_too_many():
    for length in (joining.LEAST_BYTES, joining.COPIED_BYTES + 1, 4 * 10**9):
        sizes = [end - start for start, end in joining.pieces(length)]
        assert sum(sizes) == length
        assert min(sizes) >= joining.LEAST_BYTES
        assert max(sizes) <= joining.COPIED_BYTES
        assert len(sizes) < 10_000


def test_what_breaks_off_leaves_neither_a_file_nor_parts(source):
    with pytest.raises(ClientError):
        joining.join(KEY, SOURCE, len(DATA) + 10**8, b"tail")
    assert bucket.length(KEY) == -1
    assert bucket.unfinished(KEY) == []


def test_what_an_attempt_that_died_had_begun_is_freed(source):
    bucket.put_part(KEY, bucket.begun(KEY), 1, b"x" * joining.LEAST_BYTES)
    joining.join(KEY, SOURCE, joining.LEAST_BYTES, b"tail")
    assert bucket.unfinished(KEY) == []
