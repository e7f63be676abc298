"""Every kind of picture a seller may bring, drawn with Pillow and checked as the child process checks it."""

import io
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image

from generation import images
from generation.checkers import Checker, CheckerPool

from .pictures import drawn, encoded, png


def pixels_of(checked: images.Checked) -> Image.Image:
    return Image.open(io.BytesIO(checked.data))


def with_alpha() -> Image.Image:
    image = drawn(mode="RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def white_on_nothing() -> Image.Image:
    image = Image.new("RGBA", (48, 40))
    image.paste("white", (8, 8, 30, 30))
    return image


def sixteen_bit() -> Image.Image:
    grey = drawn(mode="L").convert("I").point(lambda value: value * 257)
    return grey.convert("I;16")


ACCEPTED = {
    "RGB": png(),
    "L": encoded(drawn(mode="L")),
    "1": encoded(drawn(mode="1")),
    "P": encoded(drawn(mode="P")),
    "opaque RGBA": encoded(drawn(mode="RGBA")),
    "opaque LA": encoded(drawn(mode="LA")),
    "JPEG": encoded(drawn(), "JPEG"),
    "WebP": encoded(drawn(), "WEBP"),
    "lossless WebP": encoded(drawn(), "WEBP", lossless=True),
    "BMP": encoded(drawn(), "BMP"),
    "GIF": encoded(drawn(mode="P"), "GIF"),
    "TIFF": encoded(drawn(), "TIFF"),
}
SEE_THROUGH = {
    "RGBA": (encoded(with_alpha()), "RGBA"),
    "LA": (encoded(with_alpha().convert("LA")), "LA"),
    "WebP": (encoded(with_alpha(), "WEBP"), "RGBA"),
    "P with a clear colour": (encoded(drawn(mode="P"), transparency=drawn(mode="P").getpixel((0, 0))), "RGBA"),
    "white on nothing": (encoded(white_on_nothing()), "LA"),
}
FIXED = {
    "CMYK": (encoded(drawn(mode="CMYK"), "JPEG"), "colours"),
    "CMYK TIFF": (encoded(drawn(mode="CMYK"), "TIFF"), "colours"),
    "16 bit": (encoded(sixteen_bit()), "depth"),
    "float TIFF": (encoded(drawn(mode="F"), "TIFF"), "depth"),
    "large": (encoded(drawn((1500, 900))), "reduced"),
    "large JPEG": (encoded(drawn((5000, 3000)), "JPEG"), "reduced"),
    "animated GIF": (
        encoded(drawn(mode="P"), "GIF", save_all=True, append_images=[drawn(seed=1).convert("P")]),
        "animation",
    ),
    "animated WebP": (encoded(drawn(), "WEBP", save_all=True, append_images=[drawn(seed=1)]), "animation"),
}
REJECTED = {
    "zero bytes": (b"", "empty"),
    "text named .png": (b"not a picture at all", "not_an_image"),
    "SVG": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "format"),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "format"),
    "zip": (b"PK\3\4" + b"\0" * 60, "nested"),
    "truncated JPEG": (encoded(drawn((300, 300)), "JPEG")[:3000], "damaged"),
    "truncated PNG": (png(size=(300, 300))[:-500], "damaged"),
    "tiny": (encoded(drawn((15, 40))), "tiny"),
    "a thin line once reduced": (encoded(drawn((3000, 20))), "tiny"),
    "one colour": (encoded(Image.new("RGB", (40, 40), "teal")), "one_colour"),
    "nothing but transparency": (encoded(Image.new("RGBA", (40, 40), (9, 9, 9, 0))), "one_colour"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_ordinary_pictures_are_accepted(name):
    checked = images.check(ACCEPTED[name])
    assert (checked.verdict, checked.reasons) == ("accepted", [])
    assert (checked.width, checked.height) == pixels_of(checked).size == (48, 40)
    assert checked.mode == pixels_of(checked).mode


@pytest.mark.parametrize("name", FIXED)
def test_what_must_be_changed_is_changed_and_said(name):
    data, reason = FIXED[name]
    checked = images.check(data)
    assert (checked.verdict, checked.reasons) == ("fixed", [reason])
    assert pixels_of(checked).mode in ("L", "RGB")


@pytest.mark.parametrize("name", SEE_THROUGH)
def test_transparency_is_kept(name):
    data, mode = SEE_THROUGH[name]
    checked = images.check(data)
    assert (checked.verdict, checked.reasons, checked.mode, checked.suffix) == ("accepted", [], mode, ".png")
    assert pixels_of(checked).mode == mode
    assert pixels_of(checked).getchannel("A").getextrema()[0] < 255


def test_what_lies_under_full_transparency_is_left_behind():
    red, blue = (Image.new("RGBA", (40, 40), (*colour, 0)) for colour in [(255, 0, 0), (0, 0, 255)])
    for image in (red, blue):
        image.paste("teal", (5, 5, 20, 20))
    assert images.check(encoded(red)).pixel_sha256 == images.check(encoded(blue)).pixel_sha256
    assert pixels_of(images.check(encoded(red))).getpixel((0, 0)) == (0, 0, 0, 0)


@pytest.mark.parametrize("name", REJECTED)
def test_what_is_no_use_is_rejected_with_its_reason(name):
    data, reason = REJECTED[name]
    checked = images.check(data)
    assert (checked.verdict, checked.reasons, checked.data) == ("rejected", [reason], b"")


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_photograph_is_turned_upright(orientation):
    upright = drawn((48, 32))
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright.transpose(turned)
    exif = Image.Exif()
    exif[images.ORIENTATION] = orientation
    checked = images.check(encoded(stored, exif=exif))
    assert checked.reasons == ["rotated"]
    assert pixels_of(checked).tobytes() == upright.tobytes()


def test_where_and_when_it_was_taken_is_left_behind():
    exif = Image.Exif()
    exif[0x010E] = "a secret"
    exif.get_ifd(0x8825)[1] = "N"
    for kind in ("JPEG", "PNG"):
        checked = images.check(encoded(drawn(), kind, exif=exif))
        assert b"secret" not in checked.data
        assert not pixels_of(checked).getexif()


def test_photographs_stay_jpeg_and_drawings_png():
    assert images.check(encoded(drawn(), "JPEG")).suffix == ".jpg"
    assert images.check(png()).suffix == ".png"


def test_png_pixels_do_not_change():
    assert pixels_of(images.check(png())).tobytes() == drawn().tobytes()


def test_16_bit_keeps_its_brightness():
    checked = images.check(encoded(sixteen_bit()))
    assert pixels_of(checked).tobytes() == drawn(mode="L").tobytes()


def test_grey_stored_in_colour_is_grey():
    checked = images.check(encoded(drawn(mode="L").convert("RGB")))
    assert checked.mode == "L"
    assert checked.pixel_sha256 == images.check(encoded(drawn(mode="L"))).pixel_sha256


def test_the_pixel_hash_follows_pixels_not_files():
    assert images.check(png()).pixel_sha256 == images.check(encoded(drawn(), "BMP")).pixel_sha256
    assert images.check(png()).pixel_sha256 != images.check(png(seed=1)).pixel_sha256


def test_a_picture_of_too_many_pixels_is_not_decoded():
    data = bytearray(png())
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    started = time.process_time()
    checked = images.check(fixed_header(data))
    assert checked.reasons == ["too_large"]
    assert time.process_time() - started < 0.5


def fixed_header(data: bytearray) -> bytes:
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def test_a_checker_answers_as_the_function_does():
    with CheckerPool(1) as pool:
        for data in (png(), b"text", with_alpha_png()):
            assert pool.check(data) == images.check(data)


def with_alpha_png() -> bytes:
    return encoded(with_alpha())


def test_a_checker_that_dies_rejects_one_image_and_is_replaced():
    checker = Checker()
    child = checker.running()
    child.kill()
    child.wait = lambda *args: 0  # the parent has not noticed yet
    child.poll = lambda: None
    assert checker.check(png()).reasons == ["undecodable"]
    assert checker.check(png()).verdict == "accepted"
    checker.stop()


def test_a_picture_that_takes_too_long_is_rejected_and_the_next_is_not():
    checker = Checker(seconds=0.05)
    assert checker.check(encoded(drawn((6000, 6000)), compress_level=1)).reasons == ["undecodable"]
    checker.seconds = 20
    assert checker.check(png()).verdict == "accepted"
    checker.stop()


def test_a_checker_does_not_know_torch_django_or_our_secrets():
    checker = Checker()
    checker.check(png())
    child = checker.running()
    maps = Path(f"/proc/{child.pid}/maps").read_text()
    environment = Path(f"/proc/{child.pid}/environ").read_text()
    checker.stop()
    assert "torch" not in maps
    assert "numpy" not in maps
    assert "SECRET" not in environment
