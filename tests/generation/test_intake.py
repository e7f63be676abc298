import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from generation import source_sets, uploads
from generation.intake import run_intake
from generation.models import SourceImage, SourceSet, Upload

from .pictures import drawn, encoded, png, zipped


@pytest.fixture
def source_set(alice) -> SourceSet:
    return source_sets.create(alice, "Hats", {"owns_rights": True, "no_recognisable_people": True})


def sent(source_set: SourceSet, data: bytes, name: str = "hats.zip") -> Upload:
    return uploads.receive(source_set, ContentFile(data, name=name))


def taken_in(source_set: SourceSet, data: bytes, name: str = "hats.zip") -> Upload:
    upload = sent(source_set, data, name)
    run_intake(upload.pk, lambda: True)
    upload.refresh_from_db()
    return upload


def verdicts(upload: Upload) -> dict[str, str]:
    return {image.file_name: " ".join([image.verdict, *image.reasons]) for image in upload.images.all()}


def test_one_image_becomes_a_source_image(source_set):
    upload = taken_in(source_set, png(), "hat.png")
    image = upload.images.get()
    assert (upload.state, image.file_name, image.verdict) == ("done", "hat.png", "accepted")
    assert (image.width, image.height, image.mode, image.size) == (48, 40, "RGB", len(png()))
    assert image.key == f"source-sets/{source_set.public_id}/{image.pixel_sha256}.png"
    assert default_storage.exists(image.key)


def test_a_zip_gives_each_file_its_verdict_and_leaves_system_files_out(source_set):
    upload = taken_in(
        source_set,
        zipped(
            {
                "hats/": b"",
                "hats/1.png": png(1),
                "hats/2.png": encoded(drawn(mode="CMYK", seed=2), "JPEG"),
                "hats/same.png": png(1),
                "hats/.DS_Store": b"x",
                "hats/Thumbs.db": b"x",
                "__MACOSX/hats/._1.png": b"x",
                "hats/notes.txt": b"hello",
                "hats/broken.jpg": encoded(drawn((300, 300)), "JPEG")[:2000],
                "hats/more.zip": zipped({"1.png": png()}),
            }
        ),
    )
    assert verdicts(upload) == {
        "hats/1.png": "accepted",
        "hats/2.png": "fixed colours",
        "hats/same.png": "rejected duplicate",
        "hats/notes.txt": "rejected not_an_image",
        "hats/broken.jpg": "rejected damaged",
        "hats/more.zip": "rejected nested",
    }
    assert upload.images_found == 6


def test_a_duplicate_points_at_its_original_within_and_across_uploads(source_set):
    first = taken_in(source_set, zipped({"a.png": png(1), "b.png": png(1)}))
    second = taken_in(source_set, encoded(drawn(seed=1), "BMP"), "c.bmp")
    original = first.images.get(file_name="a.png")
    assert set(original.duplicates.values_list("file_name", flat=True)) == {"b.png", "c.bmp"}
    assert second.images.get().key == ""


def test_intake_twice_writes_each_file_once(source_set):
    upload = taken_in(source_set, zipped({f"{n}.png": png(n) for n in range(5)}))
    Upload.objects.filter(pk=upload.pk).update(state=Upload.State.CHECKING)
    for number in upload.parts:
        default_storage.save(upload.part_key(number), ContentFile(zipped({f"{n}.png": png(n) for n in range(5)})))
    run_intake(upload.pk, lambda: True)
    assert [image.number for image in upload.images.all()] == [0, 1, 2, 3, 4]


def test_intake_that_is_stopped_goes_on_after_its_last_verdict(source_set, monkeypatch):
    monkeypatch.setattr("generation.verdicts.BATCH", 2)
    upload = sent(source_set, zipped({f"{n}.png": png(n) for n in range(9)}))
    answers = iter([True, True, True, True, False])
    run_intake(upload.pk, lambda: next(answers, False))
    upload.refresh_from_db()
    assert upload.state == "checking"
    assert 1 <= upload.images.count() <= 5
    run_intake(upload.pk, lambda: True)
    upload.refresh_from_db()
    assert (upload.state, upload.images.count()) == ("done", 9)


def test_parts_are_gone_when_it_is_done_and_when_it_failed(source_set):
    for data in (zipped({"1.png": png()}), zipped({})):
        upload = taken_in(source_set, data)
        assert upload.parts
        assert not any(default_storage.exists(upload.part_key(number)) for number in upload.parts)


REFUSED = {
    "an empty zip": (zipped({}), "holds no image"),
    "a zip without images": (zipped({"a.txt": b"a"}), "holds no image"),
    "a cut zip": (zipped({"1.png": png()})[:-40], "damaged or incomplete"),
    "zeros after PK": (b"PK\3\4" + b"\0" * 100, "damaged or incomplete"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_useless_archive_fails_with_a_reason_that_names_it(source_set, name):
    data, reason = REFUSED[name]
    upload = taken_in(source_set, data)
    assert upload.state == "failed"
    assert reason in upload.reason
    assert "hats.zip" in upload.reason


def test_a_text_named_png_is_an_image_rejected(source_set):
    upload = taken_in(source_set, b"hello", "hat.png")
    assert (upload.state, verdicts(upload)) == ("done", {"hat.png": "rejected not_an_image"})


def test_a_lost_part_fails_with_a_reason(source_set):
    upload = sent(source_set, png(), "hat.png")
    default_storage.save(upload.part_key(1), ContentFile(b"short"))
    run_intake(upload.pk, lambda: True)
    upload.refresh_from_db()
    assert (upload.state, "arrived damaged" in upload.reason) == ("failed", True)


def test_the_set_knows_what_a_job_needs(source_set):
    files = {f"{label}/{n}.png": png(10 * n + len(label)) for label in ("cap", "beret") for n in range(3)}
    taken_in(source_set, zipped(files))
    source_set.refresh_from_db()
    assert source_set.usable_count == 6
    assert source_set.label_counts == {"beret": 3, "cap": 3}
    assert source_set.grey is False
    assert source_set.draft_fingerprint == source_set.compute_fingerprint()
    source_set.seal()
    assert source_set.fingerprint == source_set.draft_fingerprint


def test_a_set_of_grey_images_is_grey(source_set):
    taken_in(source_set, zipped({f"{n}.png": encoded(drawn(mode="L", seed=n)) for n in range(2)}))
    source_set.refresh_from_db()
    assert source_set.grey is True


def test_a_set_with_a_transparent_image_knows_it(source_set):
    clear = Image.new("LA", (48, 40))
    clear.paste((200, 255), (5, 5, 20, 20))
    taken_in(source_set, zipped({"grey.png": encoded(drawn(mode="L")), "clear.png": encoded(clear)}))
    source_set.refresh_from_db()
    assert (source_set.grey, source_set.transparent) == (True, True)
    assert (source_set.channels("keep"), source_set.channels("white")) == (4, 1)


def test_a_set_sealed_meanwhile_stays_as_it_is(source_set):
    taken_in(source_set, png(1), "1.png")
    upload = sent(source_set, png(2), "2.png")
    source_set.refresh_from_db()
    source_set.seal()
    run_intake(upload.pk, lambda: True)
    upload.refresh_from_db()
    assert (upload.state, upload.images.count()) == ("failed", 0)
    assert "new version" in upload.reason


def test_an_upload_that_is_gone_is_no_error(db):
    run_intake(12345, lambda: True)
    assert not SourceImage.objects.exists()
