"""Parts of an upload go straight to the store, which checks what we signed."""

import os
import urllib.error
import urllib.request

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management import call_command

from generation import abandoned, bucket, source_sets, uploads
from generation.intake import run_intake
from generation.models import SourceSet
from tests.generation.pictures import png, zipped

RIGHTS = {"owns_rights": True, "no_recognisable_people": True}
PART = 5 * 1024 * 1024


@pytest.fixture
def source_set(alice, settings) -> SourceSet:
    settings.UPLOAD_PART_BYTES = PART
    return source_sets.create(alice, "Hats", RIGHTS)


def put(address: str, data: bytes) -> int:
    try:
        return int(urllib.request.urlopen(urllib.request.Request(address, data=data, method="PUT")).status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except urllib.error.URLError:
        return 0  # it hung up on a body it did not want


def sent(upload, data: bytes, numbers) -> list[int]:
    links = uploads.part_links(upload, numbers)
    return [put(links[number], data[(number - 1) * PART : number * PART]) for number in numbers]


def test_a_zip_sent_straight_to_the_store_is_checked_and_its_parts_are_freed(source_set):
    data = zipped({"hat.png": png(1), "cap.png": png(2), "notes.bin": os.urandom(PART)})
    upload = uploads.begin(source_set, "hats.zip", len(data))
    assert sent(upload, data, [2]) == [200]
    assert uploads.arrived(upload) == [2]
    assert sent(upload, data, [1]) == [200]
    upload = uploads.complete(upload)
    run_intake(upload.pk, lambda: True)
    upload.refresh_from_db()
    assert upload.state == "done"
    assert source_set.usable_images.count() == 2
    assert bucket.length(upload.key) == -1


def test_only_the_signed_length_is_taken(source_set):
    upload = uploads.begin(source_set, "hats.zip", PART + 10)
    link = uploads.part_links(upload, [2])[2]
    assert put(link, b"x" * 11) != 200
    assert put(link.replace("partNumber=2", "partNumber=1"), b"x" * 10) == 403
    assert uploads.arrived(upload) == []


def test_a_missing_part_is_named(source_set):
    upload = uploads.begin(source_set, "hats.zip", 2 * PART)
    assert sent(upload, b"x" * 2 * PART, [1]) == [200]
    with pytest.raises(uploads.UploadRefused, match=r": 2\."):
        uploads.complete(upload)


def test_two_windows_share_one_upload_and_complete_it_twice(source_set):
    data = os.urandom(PART + 10)
    upload = uploads.begin(source_set, "hats.zip", len(data))
    assert bucket.begun(upload.key) == bucket.begun(upload.key)
    sent(upload, data, [1, 2])
    assert uploads.complete(upload).state == "checking"
    assert uploads.complete(upload).state == "checking"


def test_a_completion_that_died_after_joining_goes_on(source_set):
    data = os.urandom(PART + 10)
    upload = uploads.begin(source_set, "hats.zip", len(data))
    sent(upload, data, [1, 2])
    bucket.join(upload.key, bucket.parts(upload.key))
    assert uploads.complete(upload).state == "checking"


def test_a_form_without_scripts_ends_in_the_same_place(source_set):
    upload = uploads.receive(source_set, ContentFile(png(), name="hat.png"))
    run_intake(upload.pk, lambda: True)
    upload.refresh_from_db()
    assert (upload.state, upload.images_found) == ("done", 1)


def test_a_dropped_upload_frees_what_had_arrived(source_set):
    upload = uploads.begin(source_set, "hats.zip", 2 * PART)
    sent(upload, b"x" * 2 * PART, [1])
    upload.refresh_from_db()
    assert abandoned.remove_upload(upload)
    assert bucket.unfinished(upload.key) == []


def test_tidying_frees_parts_whose_upload_has_no_row(source_set):
    upload = uploads.begin(source_set, "hats.zip", 2 * PART)
    sent(upload, b"x" * 2 * PART, [1])
    abandoned.remove_orphans()
    assert uploads.arrived(upload) == [1]
    upload.delete()
    assert abandoned.remove_orphans() == 1
    assert bucket.unfinished(upload.key) == []


def test_the_api_gives_links_to_the_owner_alone(api, alice, charlie, source_set):
    upload = uploads.begin(source_set, "hats.zip", 2 * PART)
    address = f"/api/v1/source-sets/{source_set.public_id}/uploads/{upload.public_id}/links/"
    answer = api(alice).post(address, {"numbers": [1, 2]})
    assert [link["number"] for link in answer.json()["links"]] == [1, 2]
    assert put(answer.json()["links"][0]["url"], b"x" * PART) == 200
    assert api(alice).get(address.removesuffix("links/")).json()["parts"] == [1]
    assert api(charlie).post(address, {"numbers": [1]}).status_code == 404
    assert api(alice).post(address, {"numbers": [3]}).status_code == 400


def test_the_bucket_is_prepared(capsys):
    call_command("prepare_bucket")
    assert settings.SITE_URL in capsys.readouterr().out
    rules = bucket.client().get_bucket_cors(Bucket=settings.S3_BUCKET)["CORSRules"]
    assert rules[0]["AllowedOrigins"] == [settings.SITE_URL]
