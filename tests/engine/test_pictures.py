import io

import numpy as np
import pytest
from PIL import Image

from generation.engine.pictures import prepare

MODES = ["1", "P", "L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I;16", "I", "F"]


def picture(mode, size=(40, 30)):
    grey = Image.linear_gradient("L").resize(size)
    if mode in ("I;16", "I", "F"):
        values = np.asarray(grey)
        return {
            "I;16": Image.fromarray(values.astype(np.uint16) * 257),
            "I": Image.fromarray(values.astype(np.int32) * 257),
            "F": Image.fromarray(values.astype(np.float32) / 255),
        }[mode]
    return grey.convert("RGB").convert(mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_shows_the_same_gradient(mode, channels):
    pixels = prepare(picture(mode), 32, channels=channels)
    assert pixels.shape == (32, 32, channels)
    assert pixels.dtype == np.uint8
    rows = pixels.astype(float).mean(axis=(1, 2))
    assert rows[:4].mean() < 40
    assert rows[-4:].mean() > 215


@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize("size", [(1, 1), (3, 400), (400, 3), (31, 32), (1000, 700)])
def test_any_shape_becomes_a_square(fit, size):
    assert prepare(Image.new("RGB", size, "red"), 28, fit).shape == (28, 28, 3)


def test_transparency_is_white():
    clear = Image.new("RGBA", (32, 32), (255, 0, 0, 0))
    half = Image.new("RGBA", (32, 32), (255, 0, 0, 128))
    assert (prepare(clear, 32) == 255).all()
    assert prepare(half, 32)[0, 0].tolist() == [255, 127, 127]


def test_a_transparent_palette_colour_is_white():
    image = Image.new("P", (32, 32), 3)
    image.putpalette([0] * 768)
    image.info["transparency"] = 3
    assert (prepare(image, 32) == 255).all()


def test_photographs_are_turned_upright():
    upright = Image.new("RGB", (40, 40), "white")
    upright.paste("red", (0, 0, 40, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned a quarter to the right
    content = io.BytesIO()
    upright.rotate(90).save(content, "JPEG", exif=exif, quality=95)
    pixels = prepare(Image.open(content), 32)
    assert pixels[4, :, 1].max() < 80
    assert pixels[-4, :, 1].min() > 200


def test_crop_keeps_the_middle_and_pad_keeps_everything():
    image = Image.new("RGB", (90, 30), "white")
    image.paste("red", (30, 0, 60, 30))
    assert (prepare(image, 30, "crop") == [255, 0, 0]).all()
    padded = prepare(image, 30, "pad")
    assert padded[0, 0].tolist() == [255, 255, 255]
    assert padded[15, 15].tolist() == [255, 0, 0]
    assert (padded == [255, 0, 0]).all(axis=2).sum() == pytest.approx(100, abs=40)


def test_shrinking_does_not_alias():
    stripes = np.zeros((512, 512), np.uint8)
    stripes[:, ::2] = 255
    pixels = prepare(Image.fromarray(stripes), 32)
    assert abs(pixels.astype(int) - 127).max() < 6
