"""A source set after it was made: renamed, thinned out, deleted, within its account's room."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from generation import abandoned, jobs, quotas, selections, source_sets, uploads
from generation.engine.config import RecipeRequest
from generation.intake import run_intake
from generation.models import SourceImage, SourceSet, Upload
from generation.refusals import UploadRefused

from .pictures import png, zipped

RIGHTS = {"owns_rights": True, "no_recognisable_people": True}
LIST = "/api/v1/source-sets/"


@pytest.fixture
def hats(alice) -> SourceSet:
    row = source_sets.create(alice, "Hats", RIGHTS)
    archive = zipped({"1.png": png(1), "2.png": png(2), "same.png": png(2), "notes.txt": b"hello", "thin.png": thin()})
    run_intake(uploads.receive(row, ContentFile(archive, name="hats.zip")).pk, lambda: True)
    row.refresh_from_db()
    return row


def thin() -> bytes:
    return png(7, (150, 40))


def page(source_set: SourceSet, rest: str = "") -> str:
    return f"/studio/source-sets/{source_set.public_id}/{rest}"


def there(folder: str) -> list[str]:
    try:
        return default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return []


def test_a_set_is_renamed_by_page_and_api(api, alice, browser_of, hats):
    assert browser_of(alice).post(page(hats, "rename/"), {"name": "Caps"}).status_code == 302
    hats.refresh_from_db()
    assert hats.name == "Caps"
    answer = api(alice).patch(f"{LIST}{hats.public_id}/", {"name": "Berets"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Berets")


@pytest.mark.parametrize("name", ["", "x" * 121])
def test_a_name_that_is_none_is_refused_at_its_field(api, alice, browser_of, hats, name):
    assert browser_of(alice).post(page(hats, "rename/"), {"name": name}).status_code == 422
    answer = api(alice).patch(f"{LIST}{hats.public_id}/", {"name": name})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["name"])


def test_a_deleted_set_leaves_neither_rows_nor_files(alice, browser_of, hats, django_capture_on_commit_callbacks):
    begun = uploads.begin(hats, "more.zip", 5)
    uploads.put_part(begun, 1, b"12345")
    browser = browser_of(alice)
    assert b"Delete this source set?" in browser.get(page(hats, "delete/")).content
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.post(page(hats, "delete/")).status_code == 302
    assert not SourceSet.objects.exists()
    assert not SourceImage.objects.exists()
    assert there(hats.folder) == there(begun.folder) == []
    assert browser.get(page(hats)).status_code == 404


def test_a_set_that_a_job_used_stays_and_says_why(api, alice, browser_of, drawn_set):
    shapes = drawn_set(alice)
    jobs.submit(alice, shapes, count=10, request=RecipeRequest(preset="quick", resolution=28, kimg=0.32), seed=7)
    answer = api(alice).delete(f"{LIST}{shapes.public_id}/")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["source_set"])
    assert "new version" in answer.json()["detail"]
    browser_of(alice).post(page(shapes, "delete/"))
    assert SourceSet.objects.filter(pk=shapes.pk).exists()
    assert shapes.images.count() == len(there(shapes.folder)) == 60


def test_deleting_a_new_version_leaves_the_files_of_the_older(alice, hats, django_capture_on_commit_callbacks):
    hats.seal()
    newer = source_sets.new_version(hats)
    with django_capture_on_commit_callbacks(execute=True):
        source_sets.delete(newer)
    assert len(there(hats.folder)) == 3


@pytest.mark.parametrize("rest", ["rename/", "delete/", "images/delete/", "version/"])
def test_a_stranger_changes_nothing(charlie, browser_of, hats, rest):
    assert browser_of(charlie).post(page(hats, rest), {"name": "x", "which": "rejected"}).status_code == 404
    hats.refresh_from_db()
    assert (hats.name, hats.images.count()) == ("Hats", 5)


def test_a_stranger_changes_nothing_by_the_api(api, charlie, hats):
    stranger, here = api(charlie), f"{LIST}{hats.public_id}/"
    assert stranger.patch(here, {"name": "x"}).status_code == 404
    assert stranger.delete(here).status_code == 404
    assert stranger.delete(f"{here}images/", {"which": "rejected"}).status_code == 404
    assert stranger.delete(f"{here}images/{hats.images.first().pk}/").status_code == 404


def test_all_rejected_images_are_deleted_at_once(alice, browser_of, hats):
    browser_of(alice).post(page(hats, "images/delete/"), {"which": "rejected"})
    assert sorted(hats.images.values_list("file_name", flat=True)) == ["1.png", "2.png", "thin.png"]
    assert len(there(hats.folder)) == 3


def test_flagged_images_are_deleted_and_the_set_knows(api, alice, hats, django_capture_on_commit_callbacks):
    before = hats.draft_fingerprint
    with django_capture_on_commit_callbacks(execute=True):
        answer = api(alice).delete(f"{LIST}{hats.public_id}/images/", {"which": "aspect"})
    assert answer.json() == {"deleted": 1}
    hats.refresh_from_db()
    assert (hats.usable_count, len(there(hats.folder))) == (2, 2)
    assert before != hats.draft_fingerprint == hats.compute_fingerprint()


@pytest.mark.parametrize("which", ["", "accepted", "everything"])
def test_no_word_deletes_what_was_not_asked_for(api, alice, browser_of, hats, which):
    assert api(alice).delete(f"{LIST}{hats.public_id}/images/", {"which": which}).status_code == 400
    browser_of(alice).post(page(hats, "images/delete/"), {"which": which})
    assert hats.images.count() == 5


def test_an_image_is_deleted_with_its_exact_duplicates(api, alice, hats):
    image = hats.images.get(file_name="2.png")
    assert api(alice).delete(f"{LIST}{hats.public_id}/images/{image.pk}/").status_code == 204
    assert sorted(hats.images.values_list("file_name", flat=True)) == ["1.png", "notes.txt", "thin.png"]


def test_images_of_a_sealed_set_stay(hats):
    hats.seal()
    with pytest.raises(UploadRefused, match="stay as they are"):
        selections.delete(hats, hats.images.all())
    assert hats.images.count() == 5


def test_intake_of_a_set_that_is_deleted_meanwhile_leaves_nothing(alice, hats, django_capture_on_commit_callbacks):
    upload = uploads.receive(hats, ContentFile(zipped({f"{n}.png": png(50 + n) for n in range(9)}), name="more.zip"))
    with django_capture_on_commit_callbacks(execute=True):
        run_intake(upload.pk, deletes_once(hats))
    assert there(hats.folder) == there(upload.folder) == []
    assert not Upload.objects.exists()


def deletes_once(source_set: SourceSet):
    def alive() -> bool:
        if SourceSet.objects.filter(pk=source_set.pk).exists():
            source_sets.delete(source_set)
        return True

    return alive


def test_room_is_counted_from_rows_in_one_query(alice, hats, dataset_of):
    uploads.begin(hats, "more.zip", 1000)
    dataset = dataset_of(alice)
    with CaptureQueriesContext(connection) as queries:
        room = quotas.room_of(alice.pk)
    stored = sum(default_storage.size(f"{hats.folder}/{name}") for name in there(hats.folder))
    assert (room.source_images, room.uploads, room.datasets) == (stored, 1000, dataset.size)
    assert len(queries) == 1


def test_a_new_version_takes_no_room_of_its_own(alice, hats):
    before = quotas.room_of(alice.pk).used
    hats.seal()
    newer = source_sets.new_version(hats)
    run_intake(uploads.receive(newer, ContentFile(png(99), name="99.png")).pk, lambda: True)
    assert before < quotas.room_of(alice.pk).used < before + 2000


def test_an_upload_over_the_quota_is_refused_and_the_bound_itself_is_not(api, alice, hats, settings):
    settings.STORAGE_QUOTA_BYTES = quotas.room_of(alice.pk).used + 100
    here = f"{LIST}{hats.public_id}/uploads/"
    answer = api(alice).post(here, {"file_name": "more.zip", "size": 101})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["size"])
    assert "no room for more.zip" in answer.json()["detail"]
    assert api(alice).post(here, {"file_name": "more.zip", "size": 100}).status_code == 201


def test_a_quota_that_ran_out_meanwhile_keeps_what_was_sent(hats, settings):
    upload = uploads.put_part(uploads.begin(hats, "9.png", len(png(9))), 1, png(9))
    settings.STORAGE_QUOTA_BYTES = 1
    with pytest.raises(UploadRefused, match="what was sent already is kept"):
        uploads.complete(upload)
    settings.STORAGE_QUOTA_BYTES = 10**9
    assert uploads.complete(upload).state == "checking"


def test_the_room_is_shown_on_the_list_and_told_by_the_api(api, alice, browser_of, hats):
    assert "Storage:" in browser_of(alice).get("/studio/source-sets/").content.decode()
    storage = api(alice).get("/api/v1/me/").json()["storage"]
    assert storage["used"] == storage["source_images"] == hats.stored_bytes > 0


def test_the_list_is_searched(alice, browser_of, hats):
    source_sets.create(alice, "Shoes", RIGHTS)
    found = browser_of(alice).get("/studio/source-sets/?q=hat").content.decode()
    assert ("Hats" in found, "Shoes" in found) == (True, False)
    assert "No source set is called" in browser_of(alice).get("/studio/source-sets/?q=zzz").content.decode()


def test_the_page_shows_jobs_and_versions(alice, browser_of, drawn_set):
    shapes = drawn_set(alice)
    job = jobs.submit(alice, shapes, count=10, request=RecipeRequest(preset="quick", resolution=28, kimg=0.32), seed=7)
    source_sets.new_version(SourceSet.objects.get(pk=shapes.pk))
    shown = browser_of(alice).get(page(shapes)).content.decode()
    assert job.get_absolute_url() in shown
    assert "version 2" in shown


def test_unfinished_uploads_are_listed_and_dropped(api, alice, browser_of, hats, settings):
    settings.UPLOAD_PART_BYTES = 10
    upload = uploads.put_part(uploads.begin(hats, "more.zip", 25), 1, b"x" * 10)
    assert "1 of 3 parts here" in browser_of(alice).get(page(hats)).content.decode()
    listed = api(alice).get(f"{LIST}{hats.public_id}/uploads/?state=receiving").json()["results"]
    assert [(row["file_name"], row["parts"]) for row in listed] == [("more.zip", [1])]
    browser_of(alice).post(page(hats, f"uploads/{upload.public_id}/drop/"))
    assert there(upload.folder) == []
    assert api(alice).get(f"{LIST}{hats.public_id}/uploads/{upload.public_id}/").status_code == 404


def test_a_complete_upload_can_not_be_dropped(api, alice, hats):
    answer = api(alice).delete(f"{LIST}{hats.public_id}/uploads/{hats.uploads.get().public_id}/")
    assert (answer.status_code, hats.images.count()) == (400, 5)


def test_abandoned_uploads_go_after_their_time_and_no_sooner(hats):
    upload = uploads.put_part(uploads.begin(hats, "more.zip", 5), 1, b"12345")
    assert abandoned.remove_uploads() == 0
    Upload.objects.filter(pk=upload.pk).update(touched_at=upload.touched_at - timedelta(days=7))
    assert abandoned.remove_uploads() == 1
    assert there(upload.folder) == []
    assert hats.uploads.count() == 1


def test_files_without_a_row_are_found_and_others_are_not(hats):
    for key in ("source-sets/0b8d9ac4-6f0e-4b51-9d2b-1f1f27f8a111/x.png", "uploads/mine/1"):
        default_storage.save(key, ContentFile(b"x"))
    assert abandoned.remove_orphans() == 1
    assert len(there(hats.folder)) == 3
    assert default_storage.exists("uploads/mine/1")
