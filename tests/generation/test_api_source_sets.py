import uuid

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from generation import source_sets, uploads
from generation.intake import run_intake
from generation.models import SourceSet

from .pictures import png, zipped

RIGHTS = {"owns_rights": True, "no_recognisable_people": True}
LIST = "/api/v1/source-sets/"


@pytest.fixture
def source_set(alice) -> SourceSet:
    return source_sets.create(alice, "Hats", RIGHTS)


@pytest.fixture
def filled(source_set) -> SourceSet:
    archive = zipped({"a/1.png": png(1), "b/2.png": png(2), "b/same.png": png(2), "notes.txt": b"hello"})
    run_intake(uploads.receive(source_set, ContentFile(archive, name="hats.zip")).pk, lambda: True)
    return source_set


def path(source_set: SourceSet, rest: str = "") -> str:
    return f"{LIST}{source_set.public_id}/{rest}"


def put(client, address: str, data: bytes):
    return client.put(address, data, content_type="application/octet-stream")


def test_a_set_is_made(api, alice):
    response = api(alice).post(LIST, {"name": "Hats", "declaration": RIGHTS})
    assert response.status_code == 201
    body = response.json()
    assert SourceSet.objects.get(public_id=body["id"]).declaration == RIGHTS
    assert (body["name"], body["version"], body["sealed"], body["enough"]) == ("Hats", 1, False, False)
    assert body["images"] == {
        "total": 0,
        "accepted": 0,
        "fixed": 0,
        "rejected": 0,
        "duplicates": 0,
        "similar": 0,
        "checking": False,
    }
    assert api(alice).get(body["url"]).json() == body


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"declaration": RIGHTS}, "name"),
        ({"name": "", "declaration": RIGHTS}, "name"),
        ({"name": "x" * 121, "declaration": RIGHTS}, "name"),
        ({"name": "Hats"}, "declaration"),
        ({"name": "Hats", "declaration": {"owns_rights": True}}, "declaration"),
        ({"name": "Hats", "declaration": {"owns_rights": "perhaps"}}, "declaration"),
    ],
)
def test_bad_input_names_its_field(api, alice, body, field):
    response = api(alice).post(LIST, body)
    assert response.status_code == 400
    assert field in response.json()["errors"]


def test_a_file_is_sent_in_parts_and_resumed(api, alice, source_set, settings):
    settings.UPLOAD_PART_BYTES = 10
    client = api(alice)
    created = client.post(path(source_set, "uploads/"), {"file_name": "hat.png", "size": 25})
    upload = created.json()
    assert (created.status_code, upload["part_size"], upload["part_count"], upload["parts"]) == (201, 10, 3, [])
    here = path(source_set, f"uploads/{upload['id']}/")
    assert put(client, f"{here}parts/1/", b"a" * 10).status_code == 200
    assert client.get(here).json()["parts"] == [1]
    assert client.post(f"{here}complete/").status_code == 400
    put(client, f"{here}parts/2/", b"b" * 10)
    assert put(client, f"{here}parts/3/", b"c" * 5).json()["parts"] == [1, 2, 3]
    completed = client.post(f"{here}complete/")
    assert (completed.status_code, completed.json()["state"]) == (202, "checking")
    assert client.post(f"{here}complete/").status_code == 202


def test_a_part_of_the_wrong_length_or_type_is_refused(api, alice, source_set):
    client = api(alice)
    upload = client.post(path(source_set, "uploads/"), {"file_name": "hat.png", "size": 5}).json()
    part = path(source_set, f"uploads/{upload['id']}/parts/1/")
    assert "5 bytes" in put(client, part, b"four").json()["errors"]["part"][0]
    assert client.put(part, {"data": "12345"}, format="json").status_code == 415
    assert client.post(part).status_code == 405


@pytest.mark.parametrize("body", [{"file_name": "hat.png"}, {"file_name": "hat.png", "size": 0}, {"size": 5}])
def test_an_upload_needs_a_name_and_a_size(api, alice, source_set, body):
    assert api(alice).post(path(source_set, "uploads/"), body).status_code == 400


def test_a_sealed_set_refuses_uploads(api, alice, filled):
    filled.seal()
    response = api(alice).post(path(filled, "uploads/"), {"file_name": "hat.png", "size": 5})
    assert response.status_code == 400
    assert "new version" in response.json()["detail"]


def test_the_images_of_a_set_with_their_reasons(api, alice, filled):
    images = {image["file_name"]: image for image in api(alice).get(path(filled, "images/")).json()["results"]}
    assert images["a/1.png"]["label"] == "a"
    assert images["b/same.png"]["duplicate_of"] == images["b/2.png"]["id"]
    assert [reason["code"] for reason in images["notes.txt"]["reasons"]] == ["not_an_image"]
    assert "PNG" in images["notes.txt"]["reasons"][0]["text"]
    assert (images["a/1.png"]["width"], images["a/1.png"]["height"]) == (48, 40)


def test_the_state_of_a_set(api, alice, filled):
    body = api(alice).get(path(filled)).json()
    assert body["images"]["total"] == 4
    assert body["labels"] == {"a": 1, "b": 1}
    assert "at least 50" in body["advice"]


def test_somebody_elses_set_is_not_there(api, alice, charlie, filled):
    upload = filled.uploads.get()
    stranger = api(charlie)
    for rest in ("", "images/", f"uploads/{upload.public_id}/"):
        assert stranger.get(path(filled, rest)).status_code == 404
    assert stranger.post(path(filled, "uploads/"), {"file_name": "a.png", "size": 5}).status_code == 404
    assert put(stranger, path(filled, f"uploads/{upload.public_id}/parts/1/"), b"x").status_code == 404
    assert stranger.post(path(filled, f"uploads/{upload.public_id}/complete/")).status_code == 404
    assert stranger.get(LIST).json()["results"] == []


def test_an_upload_of_another_set_is_not_there(api, alice, filled):
    other = source_sets.create(alice, "Caps", RIGHTS)
    assert api(alice).get(path(other, f"uploads/{filled.uploads.get().public_id}/")).status_code == 404
    assert api(alice).get(path(other, f"uploads/{uuid.uuid4()}/")).status_code == 404


def test_nobody_gets_in_without_signing_in(client, source_set):
    assert client.get(LIST).status_code == 401
    assert client.get(path(source_set)).status_code == 401


def test_a_token_needs_the_scope(api, alice, source_set):
    reader = api(alice, ["read"])
    assert reader.get(path(source_set)).status_code == 200
    assert reader.post(LIST, {"name": "Hats", "declaration": RIGHTS}).status_code == 403
    assert reader.post(path(source_set, "uploads/"), {"file_name": "a.png", "size": 5}).status_code == 403


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_not_allowed(api, alice, source_set, method):
    assert getattr(api(alice), method)(LIST).status_code == 405
    assert getattr(api(alice), method)(path(source_set, "uploads/")).status_code == 405
    assert api(alice).put(path(source_set)).status_code == 405


def test_queries_do_not_grow_with_images(api, alice, filled):
    client = api(alice)
    client.get(path(filled, "images/"))
    few = counted(client, path(filled, "images/"))
    archive = zipped({f"{n}.png": png(100 + n) for n in range(20)})
    run_intake(uploads.receive(filled, ContentFile(archive, name="more.zip")).pk, lambda: True)
    assert counted(client, path(filled, "images/")) == few


def test_queries_of_the_list_are_few_for_many_sets(api, alice):
    client = api(alice)
    source_sets.create(alice, "Hats", RIGHTS)
    client.get(LIST)
    one = counted(client, LIST)
    for number in range(5):
        source_sets.create(alice, f"Hats {number}", RIGHTS)
    assert counted(client, LIST) == one


def counted(client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_the_addresses_have_names(source_set):
    assert reverse("api-source-set", args=[source_set.public_id]) == path(source_set)
