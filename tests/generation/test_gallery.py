import pytest
from django.core.files.storage import default_storage

from generation import gallery, ranges


def test_entries_come_by_the_page(alice, dataset_of):
    dataset = dataset_of(alice, 10)
    assert [entry["slot"] for entry in gallery.entries(dataset, 3, 4)] == [67, 68, 69, 70]
    assert len(gallery.entries(dataset, 8, 60)) == 2


@pytest.mark.parametrize("index", [-1, 10])
def test_there_is_no_image_outside_the_dataset(alice, dataset_of, index):
    dataset = dataset_of(alice, 10)
    with pytest.raises(IndexError):
        gallery.image_bytes(dataset, index)
    with pytest.raises(IndexError):
        gallery.entries(dataset, index, 1)


def test_a_page_costs_the_same_wherever_it_is(alice, dataset_of, django_assert_num_queries):
    dataset = dataset_of(alice, 10)
    for first in (0, 7):
        with django_assert_num_queries(2):
            gallery.entries(dataset, first, 3)


def test_the_contact_sheet_is_kept(alice, dataset_of):
    assert gallery.contact_sheet(dataset_of(alice)) == b"sheet"


def test_a_stored_file_reads_like_one_on_disk(tmp_path):
    from django.core.files.base import ContentFile

    default_storage.save("letters", ContentFile(b"abcdefgh"))
    assert ranges.read("letters", 2, 3) == b"cde"
    with ranges.opened("letters", 6) as file:
        assert file.read(2) == b"ab"
        file.seek(-1, 2)
        assert file.read() == b"f"
