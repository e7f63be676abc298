import zipfile

import numpy as np
import pytest
from PIL import Image

from generation.engine.data import DataError, ImageSet, load, side_of, split_holdout
from generation.engine.drawn import SHAPES, draw_shapes, write_folder, write_zip


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "shapes.zip"
    write_zip(path, 18, size=32)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("shapes/README.txt", "hello")
        file.writestr("__MACOSX/shapes/circle/._00000.png", b"junk")
        file.writestr("shapes/.hidden.png", b"junk")
    return path


def test_a_zip_and_a_folder_load_the_same(archive, tmp_path):
    write_folder(tmp_path / "folder", 18, size=32)
    from_zip, from_folder = load(archive, 32, labels=True), load(tmp_path / "folder", 32, labels=True)
    assert np.array_equal(from_zip.pixels, from_folder.pixels)
    assert from_zip.classes == from_folder.classes == SHAPES


def test_class_folders_are_labels_below_any_parent(archive):
    images = load(archive, 28, labels=True)
    assert len(images) == 18
    for name, label in zip(images.names, images.labels, strict=True):
        assert f"/{images.classes[label]}/" in name


def test_labels_are_left_out_unless_asked_for(archive):
    images = load(archive, 28)
    assert images.labels is None
    assert images.classes == ()


def test_a_limit_takes_images_from_every_class(archive):
    assert set(load(archive, 28, labels=True, limit=6).labels) == set(range(6))


def test_grey_sets_have_one_channel(tmp_path):
    for number in range(3):
        Image.new("RGB", (30, 30), (number, number, number)).save(tmp_path / f"{number}.png")
    assert load(tmp_path, 28).channels == 1
    Image.new("RGB", (30, 30), (9, 0, 0)).save(tmp_path / "red.png")
    assert load(tmp_path, 28).channels == 3


def test_a_damaged_image_is_named(tmp_path):
    Image.new("L", (30, 30)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes((tmp_path / "good.png").read_bytes()[:40])
    with pytest.raises(DataError, match=r"bad\.png"):
        load(tmp_path, 28)


def test_what_cannot_be_a_set_of_images_is_refused(tmp_path):
    empty, text, same = tmp_path / "empty", tmp_path / "text.zip", tmp_path / "same"
    empty.mkdir()
    same.mkdir()
    text.write_text("not a zip")
    for number in range(3):
        Image.new("L", (30, 30), 7).save(same / f"{number}.png")
    for path, reason in [(empty, "no images"), (text, "zip"), (same, "the same"), (tmp_path / "none", "no such")]:
        with pytest.raises(DataError, match=reason):
            load(path, 28)


def test_labels_without_class_folders_are_refused(tmp_path):
    for number in range(3):
        Image.new("L", (30, 30), number).save(tmp_path / f"{number}.png")
    with pytest.raises(DataError, match="class folders"):
        load(tmp_path, 28, labels=True)


def test_the_side_is_that_of_the_first_image(archive):
    assert side_of(archive) == 32


@pytest.mark.parametrize(
    ("total", "held"), [(199, 0), (200, 20), (500, 50), (999, 100), (1000, 200), (3000, 300), (12_000, 1000)]
)
def test_holdout_sizes(total, held):
    images = ImageSet(np.zeros((total, 1, 1, 1), np.uint8), None, (), tuple(map(str, range(total))))
    train, holdout = split_holdout(images, seed=3)
    assert (len(train), len(holdout)) == (total - held, held)
    assert set(train.names) | set(holdout.names) == set(images.names)


def test_holdout_follows_the_seed(shapes):
    first, again, other = (split_holdout(shapes, seed)[1].names for seed in (1, 1, 2))
    assert first == again != other


def test_a_subset_keeps_names_and_labels_together(shapes):
    part = shapes.subset([5, 2])
    assert part.names == ("5.png", "2.png")
    assert part.labels.tolist() == [shapes.labels[5], shapes.labels[2]]
    assert np.array_equal(part.pixels[1], shapes.pixels[2])


def test_drawn_shapes_follow_the_seed():
    first, again, other = (draw_shapes(6, 32, seed) for seed in (0, 0, 1))
    assert [label for label, _ in first] == list(SHAPES)
    assert all(a.tobytes() == b.tobytes() for (_, a), (_, b) in zip(first, again, strict=True))
    assert all(a.tobytes() != b.tobytes() for (_, a), (_, b) in zip(first, other, strict=True))


def test_transparent_images_keep_four_channels_when_asked(tmp_path):
    for number in range(3):
        Image.new("RGB", (30, 30), (number, 9, 0)).save(tmp_path / f"{number}.png")
    assert load(tmp_path, 28, transparency="keep").channels == 3
    Image.new("RGBA", (30, 30), (9, 0, 0, 100)).save(tmp_path / "clear.png")
    assert load(tmp_path, 28, transparency="keep").channels == 4
    assert load(tmp_path, 28).channels == 3
