import io

import numpy as np
import pytest
from PIL import Image

from generation.engine.png import encode_png, encode_pngs

MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(28, 28), (1, 1), (5, 9), (64, 64)])
def test_pillow_reads_the_same_pixels(channels, size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, channels), dtype=np.uint8)
    with Image.open(io.BytesIO(encode_png(pixels))) as image:
        assert image.mode == MODES[channels]
        assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)


def test_clear_pixels_keep_their_colour():
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[..., 0] = 200
    with Image.open(io.BytesIO(encode_png(pixels))) as image:
        assert image.getpixel((1, 1)) == (200, 0, 0, 0)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_come_out_the_same_one_by_one_and_together(noise, channels):
    images = noise(7, channels=channels)
    assert encode_pngs(images) == [encode_png(image) for image in images]
    assert encode_pngs(images[:0]) == []


def test_images_need_not_lie_in_one_piece(noise):
    images = noise(3)
    assert encode_pngs(images[:, ::2, ::-1]) == encode_pngs(np.ascontiguousarray(images[:, ::2, ::-1]))


@pytest.mark.parametrize("shape", [(2, 8, 8, 2), (8, 8, 3), (2, 0, 8, 3)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(ValueError, match="C 1, 3 or 4"):
        encode_pngs(np.zeros(shape, np.uint8))


def test_values_must_be_bytes():
    with pytest.raises(ValueError, match="float32"):
        encode_png(np.zeros((8, 8, 3), np.float32))


def test_text_is_carried_in_any_language():
    content = encode_png(np.zeros((4, 4, 3), np.uint8), {"Source": "GANerate", "Title": "생성 이미지"})
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        assert image.text == {"Source": "GANerate", "Title": "생성 이미지"}


def test_smooth_pictures_become_smaller():
    ramp = np.repeat(np.arange(64, dtype=np.uint8)[None, :, None], 64, axis=0).repeat(3, axis=2)
    assert len(encode_png(ramp)) < ramp.size / 10
