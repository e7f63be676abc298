import hashlib
import html
import io

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from PIL import Image

from generation import covers, gallery, removal
from generation.models import Dataset, GenerationJob, Generator
from marketplace.listings.models import Licence, Listing, ListingVersion

URL = "/studio/datasets/"


def names(page) -> list[str]:
    return [dataset.name for dataset in page.context["page"]]


@pytest.fixture
def three(alice, dataset_of) -> list[Dataset]:
    made = [dataset_of(alice, count) for count in (5, 9, 7)]
    for dataset, name, pixels in zip(made, ("Hats", "apples", "Boats"), (28, 64, 28), strict=True):
        Dataset.objects.filter(pk=dataset.pk).update(name=name, resolution=pixels)
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Boats", "apples", "Hats"]),
        ("?sort=oldest", ["Hats", "apples", "Boats"]),
        ("?sort=name", ["apples", "Boats", "Hats"]),
        ("?sort=images", ["apples", "Boats", "Hats"]),
        ("?sort=nonsense&resolution=nonsense&page=nonsense", ["Boats", "apples", "Hats"]),
        ("?resolution=28", ["Boats", "Hats"]),
        ("?q=AP", ["apples"]),
        ("?q=zebra", []),
    ],
)
def test_datasets_are_filtered_and_sorted(alice, browser_of, three, query, expected):
    assert names(browser_of(alice).get(URL + query)) == expected


def test_an_empty_list_says_what_to_do_first(alice, browser_of):
    assert "Start with your images" in browser_of(alice).get(URL).content.decode()


def test_a_list_shows_ones_own_datasets_with_one_picture_each(alice, charlie, browser_of, dataset_of):
    dataset = dataset_of(alice)
    dataset_of(charlie)
    page = browser_of(alice).get(URL).content.decode()
    assert page.count("<article") == 1
    assert page.count(f"{URL}{dataset.public_id}/cover/") == 8
    assert "/images/" not in page


def test_a_cover_is_stored_with_the_dataset_and_counts(alice, browser_of, dataset_of):
    dataset = dataset_of(alice)
    file = dataset.files.get(kind="cover")
    png = browser_of(alice).get(f"{URL}{dataset.public_id}/cover/").content
    assert (file.size, file.sha256) == (len(png), hashlib.sha256(png).hexdigest())
    with Image.open(io.BytesIO(png)) as image:
        assert image.size == (8 * 28, 28)


@pytest.mark.parametrize("count", [3, 40])
def test_a_dataset_from_before_there_were_covers_gets_the_same_one(alice, dataset_of, count):
    dataset = dataset_of(alice, count)
    stored = covers.cover(dataset)
    dataset.files.filter(kind="cover").delete()
    assert covers.cover(dataset) == stored


def test_a_dataset_is_renamed(alice, browser_of, dataset_of):
    dataset = dataset_of(alice)
    assert browser_of(alice).post(dataset.get_absolute_url(), {"name": "Hats"}).status_code == 302
    dataset.refresh_from_db()
    assert dataset.name == "Hats"


def test_a_dataset_needs_a_name(alice, browser_of, dataset_of):
    dataset = dataset_of(alice)
    page = browser_of(alice).post(dataset.get_absolute_url(), {"name": " "})
    assert (page.status_code, "name" in page.context["form"].errors) == (422, True)
    assert dataset.name in page.content.decode()


def test_a_dataset_that_was_never_listed_is_deleted_and_its_room_is_free(
    alice, browser_of, dataset_of, django_capture_on_commit_callbacks
):
    dataset = dataset_of(alice)
    keys = list(dataset.files.values_list("key", flat=True))
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser_of(alice).post(f"{dataset.get_absolute_url()}delete/", follow=True)
    assert "are free again" in answer.content.decode()
    assert not any(default_storage.exists(key) for key in keys)
    assert not Dataset.objects.exists()
    assert Generator.objects.get().next_slot >= 0
    page = browser_of(alice).get(GenerationJob.objects.get().get_absolute_url()).content.decode()
    assert "has been deleted" in page


def listed(dataset: Dataset) -> ListingVersion:
    listing = Listing.objects.create(seller=dataset.owner)
    with transaction.atomic():
        return ListingVersion.objects.create(
            listing=listing, dataset=dataset, licence=Licence.objects.first(), number=1, title="Hats", price=1000,
            currency="KRW",
        )  # fmt: skip


def test_a_dataset_that_was_listed_stays_and_says_why(alice, api, browser_of, dataset_of):
    dataset = dataset_of(alice)
    listed(dataset)
    answer = browser_of(alice).post(f"{dataset.get_absolute_url()}delete/", follow=True)
    assert "A listing was made from this dataset" in html.unescape(answer.content.decode())
    refusal = api(alice).delete(f"/api/v1/datasets/{dataset.public_id}/")
    assert (refusal.status_code, refusal.json()["code"]) == (409, "dataset_kept")
    with pytest.raises(removal.DatasetKept):
        removal.delete(dataset)
    assert all(default_storage.exists(file.key) for file in dataset.files.all())


def test_only_the_owner_renames_or_deletes(alice, charlie, mod, browser_of, dataset_of):
    address = dataset_of(alice).get_absolute_url()
    for person in (charlie, mod):
        assert browser_of(person).post(address, {"name": "Mine"}).status_code == 404
        assert browser_of(person).post(f"{address}delete/").status_code == 404
    assert browser_of(alice).get(f"{address}delete/").status_code == 405


@pytest.fixture
def labelled(alice, dataset_of) -> Dataset:
    """Ten images from slot 64 on: labels go round, so 64 is of the second of three."""
    dataset = dataset_of(alice, 10)
    dataset.labels = ["cat", "dog", "owl"]
    dataset.save()
    return dataset


def test_images_of_a_label_are_found_by_their_slots(labelled):
    assert list(gallery.places(labelled, "dog")) == [0, 3, 6, 9]
    assert list(gallery.places(labelled, "cat")) == [2, 5, 8]
    for label in labelled.labels:
        slots = [gallery.entry(labelled, index)["slot"] for index in gallery.places(labelled, label)]
        assert {labelled.labels[slot % 3] for slot in slots} == {label}


def test_images_of_a_label_are_found_across_a_hole(labelled):
    """Of a job that was stopped while several workers sampled."""
    labelled.job.tasks.filter(kind="sample", first=4).update(state="cancelled")
    assert gallery.runs(labelled.job) == [(0, 4), (8, 2)]
    assert list(gallery.places(labelled, "dog")) == [0, 3, 5]
    assert list(gallery.places(labelled, "cat")) == [2, 4]
    assert list(gallery.places(labelled, "owl")) == [1]


def test_the_gallery_shows_one_label(alice, browser_of, labelled):
    page = browser_of(alice).get(f"{labelled.get_absolute_url()}?label=dog", headers={"HX-Target": "gallery"})
    assert list(page.context["page"]) == [0, 3, 6, 9]
    assert "Images labelled dog" in page.content.decode()
    everything = browser_of(alice).get(f"{labelled.get_absolute_url()}?label=zebra")
    assert list(everything.context["page"]) == list(range(10))


def queries(client, address, captured) -> int:
    with captured as found:
        assert client.get(address).status_code == 200
    return len(found)


def test_pages_ask_no_more_for_more_datasets_or_more_images(
    alice, browser_of, dataset_of, django_assert_max_num_queries
):
    client = browser_of(alice)
    small = dataset_of(alice, 4)
    client.get(URL)
    few = queries(client, URL, django_assert_max_num_queries(12))
    page = queries(client, small.get_absolute_url(), django_assert_max_num_queries(20))
    large = dataset_of(alice, 90)
    assert queries(client, URL, django_assert_max_num_queries(12)) == few
    assert queries(client, large.get_absolute_url(), django_assert_max_num_queries(20)) == page
