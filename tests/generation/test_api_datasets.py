import hashlib

import pytest

from generation import bundles
from generation.models import Dataset


def url_of(dataset: Dataset, tail: str = "") -> str:
    return f"/api/v1/datasets/{dataset.public_id}/{tail}"


def test_a_dataset_tells_what_it_holds(alice, api, dataset_of):
    dataset = dataset_of(alice, 10)
    body = api(alice).get(url_of(dataset)).json()
    assert (body["id"], body["count"], body["resolution"], body["channels"]) == (str(dataset.public_id), 10, 28, 1)
    assert body["content_hash"] == dataset.content_hash
    assert {file["kind"] for file in body["files"]} == {
        *("bundle", "contact_sheet", "cover", "index", "manifest", "report")
    }
    assert all(set(file) == {"kind", "name", "size", "sha256"} for file in body["files"])


@pytest.mark.parametrize("tail", ["", "images/", "bundle/"])
def test_a_dataset_is_read_by_its_owner_and_staff_alone(alice, charlie, mod, api, dataset_of, tail):
    url = url_of(dataset_of(alice), tail)
    assert [api(person).get(url).status_code for person in (alice, mod, charlie)] == [200, 200, 404]
    assert api(alice).post(url).status_code == 405


def test_a_dataset_is_renamed_by_its_owner(alice, charlie, mod, api, dataset_of):
    dataset = dataset_of(alice)
    assert api(alice).patch(url_of(dataset), {"name": "Hats"}).json()["name"] == "Hats"
    for bad in ("", "x" * 121):
        assert "name" in api(alice).patch(url_of(dataset), {"name": bad}).json()["errors"]
    assert [api(person).patch(url_of(dataset), {"name": "Mine"}).status_code for person in (charlie, mod)] == [404, 404]


def test_a_dataset_is_deleted_by_its_owner(alice, charlie, mod, api, dataset_of):
    dataset = dataset_of(alice)
    assert [api(person).delete(url_of(dataset)).status_code for person in (charlie, mod, alice)] == [404, 404, 204]
    assert not Dataset.objects.exists()


def test_a_list_asks_no_more_for_more_datasets(alice, charlie, api, dataset_of, django_assert_num_queries):
    caller = api(alice)
    dataset_of(alice)
    caller.get("/api/v1/datasets/")
    with django_assert_num_queries(3):
        caller.get("/api/v1/datasets/")
    dataset_of(alice)
    dataset_of(charlie)
    with django_assert_num_queries(3):
        assert len(caller.get("/api/v1/datasets/").json()["results"]) == 2


def test_images_come_in_pages_that_lead_on(alice, api, dataset_of):
    caller, url = api(alice), url_of(dataset_of(alice, 10), "images/?count=4")
    indexes = []
    while url:
        page = caller.get(url).json()
        indexes += [row["index"] for row in page["results"]]
        url = page["next"]
    assert indexes == list(range(10))
    assert page["previous"].endswith("?first=4&count=4")


def test_an_image_has_slot_seed_hash_and_distance(alice, api, dataset_of):
    row = api(alice).get(url_of(dataset_of(alice, 10), "images/?first=3&count=1")).json()["results"][0]
    assert (row["index"], row["file"], row["slot"], row["distance"]) == (3, "images/00000003.png", 67, 1.5)


@pytest.mark.parametrize(
    ("query", "status"), [("first=10", 404), ("first=-1", 400), ("count=0", 400), ("count=x", 400), ("count=201", 400)]
)
def test_pages_that_are_not_there(alice, api, dataset_of, query, status):
    assert api(alice).get(url_of(dataset_of(alice, 10), f"images/?{query}")).status_code == status


async def read(response) -> bytes:
    return b"".join([chunk async for chunk in response.streaming_content])


def body_of(response) -> bytes:
    from asgiref.sync import async_to_sync

    return async_to_sync(read)(response) if response.is_async else b"".join(response.streaming_content)


def test_the_owners_bundle_is_downloaded(alice, api, dataset_of):
    dataset = dataset_of(alice)
    response = api(alice).get(url_of(dataset, "bundle/"))
    (bundle,) = bundles.owner_bundles(dataset)
    assert hashlib.sha256(body_of(response)).hexdigest() == bundle.sha256
    assert bundle.name in response.headers["Content-Disposition"]


@pytest.mark.parametrize(("part", "status"), [("2", 404), ("0", 400), ("x", 400)])
def test_parts_that_are_not_there(alice, api, dataset_of, part, status):
    assert api(alice).get(url_of(dataset_of(alice), f"bundle/?part={part}")).status_code == status


def test_generators_are_listed_and_read_by_their_owner(alice, charlie, api, dataset_of):
    generator = dataset_of(alice).generator
    assert len(api(alice).get("/api/v1/generators/").json()["results"]) == 1
    assert api(charlie).get("/api/v1/generators/").json()["results"] == []
    url = f"/api/v1/generators/{generator.public_id}/"
    assert api(alice).get(url).json()["sha256"] == "x"
    assert api(charlie).get(url).status_code == 404


def test_generators_are_listed_with_few_queries(alice, api, dataset_of, django_assert_num_queries):
    caller = api(alice)
    dataset_of(alice)
    dataset_of(alice)
    caller.get("/api/v1/generators/")
    with django_assert_num_queries(2):
        caller.get("/api/v1/generators/")
