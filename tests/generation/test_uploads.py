import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from generation import source_sets, summaries, uploads
from generation.intake import run_intake
from generation.models import JobTask, SourceSet

from .pictures import png, zipped

RIGHTS = {"owns_rights": True, "no_recognisable_people": True}


@pytest.fixture
def source_set(alice) -> SourceSet:
    return source_sets.create(alice, "Hats", RIGHTS)


@pytest.fixture
def upload(source_set, settings):
    settings.UPLOAD_PART_BYTES = 10
    return uploads.begin(source_set, "C:\\photos\\hat.png", 25)


def test_a_new_upload_knows_its_parts(upload):
    assert (upload.file_name, upload.part_count, upload.parts, upload.state) == ("hat.png", 3, [], "receiving")


def test_parts_come_in_any_order_and_again(upload):
    for number, data in [(3, b"ccccc"), (1, b"x" * 10), (1, b"a" * 10)]:
        upload = uploads.put_part(upload, number, data)
    assert upload.parts == [1, 3]
    assert default_storage.open(upload.part_key(1)).read() == b"a" * 10


@pytest.mark.parametrize(("number", "data"), [(1, b"short"), (3, b"x" * 10), (0, b"x" * 10), (4, b"x" * 10)])
def test_a_part_of_another_length_or_number_is_refused(upload, number, data):
    with pytest.raises(uploads.UploadRefused) as refusal:
        uploads.put_part(upload, number, data)
    assert refusal.value.field == "part"


def test_complete_names_what_is_missing(upload):
    uploads.put_part(upload, 2, b"b" * 10)
    upload.refresh_from_db()
    with pytest.raises(uploads.UploadRefused, match="1, 3"):
        uploads.complete(upload)


def test_complete_makes_one_intake_task_however_often_it_is_called(source_set):
    upload = uploads.receive(source_set, ContentFile(png(), name="hat.png"))
    assert uploads.complete(upload).state == "checking"
    task = JobTask.objects.get()
    assert (task.kind, task.queue, task.upload) == ("intake", "short", upload)


def test_a_complete_upload_takes_no_more_parts(source_set):
    upload = uploads.receive(source_set, ContentFile(png(), name="hat.png"))
    with pytest.raises(uploads.UploadRefused, match="complete already"):
        uploads.put_part(upload, 1, png())


@pytest.mark.parametrize(("size", "words"), [(0, "empty"), (101, "larger than 100")])
def test_sizes_are_bounded(source_set, settings, size, words):
    settings.MAX_UPLOAD_BYTES = 100
    with pytest.raises(uploads.UploadRefused, match=words) as refusal:
        uploads.begin(source_set, "hat.png", size)
    assert refusal.value.field == "size"


def test_a_sealed_set_takes_nothing_and_says_what_to_do(source_set, upload):
    source_set.seal()
    with pytest.raises(uploads.UploadRefused, match="new version"):
        uploads.begin(source_set, "hat.png", 10)
    with pytest.raises(uploads.UploadRefused, match="new version"):
        uploads.complete(upload)


@pytest.mark.parametrize("missing", RIGHTS)
def test_a_set_needs_every_statement(alice, missing):
    with pytest.raises(uploads.UploadRefused):
        source_sets.create(alice, "Hats", RIGHTS | {missing: False})
    assert not SourceSet.objects.exists()


@pytest.fixture
def sealed(source_set) -> SourceSet:
    archive = zipped({"a/1.png": png(1), "b/2.png": png(2), "b/2 again.png": png(2)})
    run_intake(uploads.receive(source_set, ContentFile(archive, name="hats.zip")).pk, lambda: True)
    source_set.refresh_from_db()
    source_set.seal()
    return source_set


def test_a_new_version_has_the_same_usable_images(sealed):
    newer = uploads.new_version(sealed)
    assert (newer.version, newer.previous, newer.sealed_at, newer.declared) == (2, sealed, None, True)
    assert set(newer.images.values_list("key", "label")) == set(sealed.usable_images.values_list("key", "label"))
    assert newer.draft_fingerprint == newer.compute_fingerprint() == sealed.fingerprint
    assert (newer.usable_count, newer.label_counts) == (2, {"a": 1, "b": 1})


def test_a_new_version_is_made_once_and_can_grow(sealed):
    newer = uploads.new_version(sealed)
    assert uploads.new_version(sealed) == newer
    assert uploads.new_version(newer) == newer
    run_intake(uploads.receive(newer, ContentFile(png(3), name="3.png")).pk, lambda: True)
    assert (newer.images.count(), sealed.images.count()) == (3, 3)


def test_the_summary_counts_what_it_shows(sealed):
    found = uploads.summary(sealed)
    assert (found.total, found.accepted, found.fixed, found.rejected, found.duplicates) == (3, 2, 0, 1, 1)
    assert (found.labels, found.reasons) == ({"a": 1, "b": 1}, {"duplicate": 1})
    assert (found.usable, found.enough, found.checking) == (2, False, False)
    assert "Add 48 more" in found.advice


ADVICE = {49: "at least 50", 50: "little variety", 200: "1,000", 1000: "train well"}


@pytest.mark.parametrize(("usable", "words"), ADVICE.items())
def test_advice_is_honest(usable, words):
    assert words in summaries.advice(usable)


def test_a_set_in_intake_is_checking(source_set):
    uploads.receive(source_set, ContentFile(png(), name="hat.png"))
    assert uploads.summary(source_set).checking
