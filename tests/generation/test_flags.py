"""What is said of pictures that can be used: blurry, dark, bright, flat, small, long; and which show the same."""

import io
import itertools
import random

import pytest
from django.core.files.base import ContentFile
from PIL import Image, ImageChops, ImageFilter

from generation import lookalikes, selections, source_sets, summaries, uploads
from generation.engine.drawn import draw_shapes
from generation.flags import flags_of
from generation.intake import run_intake
from generation.likeness import groups, look_of
from generation.models import SourceSet

from .pictures import drawn, encoded, png, zipped


def photograph(seed: int = 0, size: tuple[int, int] = (160, 200)) -> Image.Image:
    """Light from one side, shapes with edges, some grain."""
    dice = random.Random(seed)
    image = drawn(size, seed=seed)
    grain = Image.frombytes("L", size, dice.randbytes(size[0] * size[1]))
    return Image.blend(image, Image.merge("RGB", (grain, grain, grain)), 0.06)


FLAGGED = {
    "blurry": photograph().filter(ImageFilter.GaussianBlur(8)),
    "dark": photograph().point(lambda value: value // 8),
    "bright": photograph().point(lambda value: 225 + value // 9),
    "flat": photograph().point(lambda value: 120 + value // 20),
    "small": photograph(size=(27, 30)),
    "aspect": photograph(size=(200, 90)),
}
UNFLAGGED = {
    "a photograph": photograph(),
    "a large one": photograph(size=(900, 700)),
    "pixel art": drawn((32, 32)),
    "28 pixels, mostly black": Image.new("L", (28, 28)),
    "twice as long as wide": photograph(size=(180, 90)),
    "blurred so little that training does not see it": photograph(size=(1000, 1000)).filter(
        ImageFilter.GaussianBlur(1.5)
    ),
}
UNFLAGGED["28 pixels, mostly black"].paste(230, (8, 8, 20, 20))


@pytest.mark.parametrize("flag", FLAGGED)
def test_what_is_wrong_with_a_picture_is_said(flag):
    assert flags_of(FLAGGED[flag]) == [flag]


@pytest.mark.parametrize("name", UNFLAGGED)
def test_ordinary_pictures_have_no_flag(name):
    assert flags_of(UNFLAGGED[name]) == []


def test_no_flag_fires_on_drawn_shapes():
    assert {flag for _, image in draw_shapes(200, size=32) for flag in flags_of(image)} == set()


def again(image: Image.Image, size: tuple[int, int] | None = None, quality: int = 60) -> Image.Image:
    smaller = image.resize(size, Image.Resampling.BICUBIC) if size else image
    return Image.open(io.BytesIO(encoded(smaller, "JPEG", quality=quality)))


SAME = {
    "saved again": lambda image: again(image),
    "made smaller": lambda image: again(image, (106, 133), 90),
    "brightened": lambda image: image.point(lambda value: min(255, int(value * 1.08))),
}


@pytest.mark.parametrize("change", SAME)
def test_a_picture_is_found_again(change):
    pictures = [photograph(seed) for seed in range(20)]
    looks = [look_of(picture) for picture in [*pictures, SAME[change](pictures[4])]]
    assert [sorted(group) for group in groups(looks)] == [[4, 20]]


def test_the_same_shape_in_another_colour_is_another_picture():
    red, blue = Image.new("RGB", (64, 64), (200, 60, 60)), Image.new("RGB", (64, 64), (60, 60, 200))
    for image in (red, blue):
        image.paste("white", (16, 16, 40, 48))
    assert groups([look_of(red), look_of(blue)]) == []


def test_of_similar_shapes_none_are_the_same():
    looks = [look_of(image) for _, image in draw_shapes(500, size=32)]
    assert sum(map(len, groups(looks))) <= 5


@pytest.mark.parametrize("looks", [[], [look_of(photograph())]])
def test_nothing_is_like_nothing(looks):
    assert groups(looks) == []


@pytest.fixture
def hats(alice) -> SourceSet:
    files = {f"{seed}.png": encoded(photograph(seed)) for seed in range(4)}
    files |= {
        "smaller.jpg": encoded(photograph(1).resize((120, 150)), "JPEG"),
        "blurry.png": encoded(FLAGGED["blurry"]),
    }
    row = source_sets.create(alice, "Hats", {"owns_rights": True, "no_recognisable_people": True})
    run_intake(uploads.receive(row, ContentFile(zipped(files), name="hats.zip")).pk, lambda: True)
    return row


def test_the_largest_of_a_group_is_the_one_to_keep(hats):
    assert hats.images.get(file_name="smaller.jpg").alike.file_name == "1.png"
    found = summaries.summary(hats)
    assert (found.similar, found.flags, found.usable) == (1, {"blurry": 1}, 6)


def test_one_of_each_is_kept(browser_of, alice, hats):
    page = f"/studio/source-sets/{hats.public_id}/"
    assert "Keep one of each" in browser_of(alice).get(page).content.decode()
    browser_of(alice).post(f"{page}images/delete/", {"which": "similar"})
    assert not hats.images.filter(file_name="smaller.jpg").exists()
    assert summaries.summary(hats).similar == 0


def test_a_group_whose_kept_image_goes_keeps_another(hats):
    run_intake(uploads.receive(hats, ContentFile(encoded(photograph(1), "JPEG"), name="third.jpg")).pk, lambda: True)
    selections.delete(hats, hats.images.filter(file_name="1.png"))
    rest = dict(hats.images.filter(file_name__in=["smaller.jpg", "third.jpg"]).values_list("file_name", "alike"))
    assert sorted(rest.values(), key=bool) == [None, hats.images.get(file_name="smaller.jpg").pk]


def test_marking_twice_changes_nothing(hats, django_assert_num_queries):
    with django_assert_num_queries(1):
        lookalikes.mark(hats)


def test_flags_and_likeness_are_told_by_the_api(api, alice, hats):
    here = f"/api/v1/source-sets/{hats.public_id}/"
    images = {image["file_name"]: image for image in api(alice).get(f"{here}images/").json()["results"]}
    assert [flag["code"] for flag in images["blurry.png"]["flags"]] == ["blurry"]
    assert images["smaller.jpg"]["similar_to"] == images["1.png"]["id"]
    body = api(alice).get(here).json()
    assert (body["flags"], body["images"]["similar"]) == ({"blurry": 1}, 1)
    assert [row["file_name"] for row in api(alice).get(f"{here}images/?which=blurry").json()["results"]] == [
        "blurry.png"
    ]


def found(**figures: object) -> summaries.Summary:
    plain = {"total": 100, "accepted": 100, "fixed": 0, "rejected": 0, "duplicates": 0, "checking": False, "advice": ""}
    return summaries.Summary(**(plain | figures))


CAUTIONS = {
    "nothing": ({}, ""),
    "too few differ": ({"similar": 6}, "Only 94 of 100"),
    "few of a label": ({"labels": {"cap": 91, "beret": 9}}, "beret"),
    "small for 64": ({"enlarged": {28: 0, 32: 2, 64: 40, 128: 100}}, "up to 32 × 32"),
    "small for all": ({"enlarged": {28: 60, 32: 80, 64: 90, 128: 100}}, "smaller than every resolution"),
    "blurry": ({"flags": {"blurry": 11}}, "11 images are blurry"),
}


@pytest.mark.parametrize("name", CAUTIONS)
def test_cautions_say_what_to_know_before_training(name):
    figures, words = CAUTIONS[name]
    cautions = found(**figures).cautions
    assert len(cautions) == (1 if words else 0)
    assert words in " ".join(cautions)


def test_sizes_are_compared_with_each_resolution(hats):
    taken = uploads.receive(hats, ContentFile(png(3, (30, 40)), name="tiny.png"))
    run_intake(taken.pk, lambda: True)
    assert summaries.summary(hats).enlarged == {28: 0, 32: 1, 64: 1, 128: 2, 256: 7}


def test_colours_of_one_brightness_have_edges_all_the_same():
    picture = Image.new("RGB", (96, 96), (90, 160, 60))
    for left, top in itertools.product(range(0, 96, 24), repeat=2):
        picture.paste((200, 98, 104), (left, top, left + 12, top + 12))
    picture = ImageChops.add(picture, Image.linear_gradient("L").resize((96, 96)).convert("RGB"), 4)
    assert flags_of(picture) == []
    assert flags_of(picture.filter(ImageFilter.GaussianBlur(4))) == ["blurry"]
