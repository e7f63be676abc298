import io

import numpy as np
import pytest
import torch
from PIL import Image

from generation.engine.pictures import prepare, to_pixels, to_tensor

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


@pytest.mark.parametrize("channels", [1, 3])
def test_tensors_and_pixels_are_each_others_inverse(noise, channels):
    pixels = noise(4, 8, channels)
    tensor = to_tensor(pixels)
    assert tensor.shape == (4, channels, 8, 8)
    assert -1 <= tensor.min() < tensor.max() <= 1
    assert np.array_equal(to_pixels(tensor), pixels)


def test_transparency_survives_the_round_trip(noise):
    pixels = noise(4, 64, 4)
    pixels[0, ..., 3], pixels[1, ..., 3] = 0, 255
    again = to_pixels(to_tensor(pixels))
    assert np.array_equal(again[..., 3], pixels[..., 3])
    seen = pixels[..., 3] > 0
    assert np.array_equal(again[seen], pixels[seen])


def test_what_cannot_be_seen_has_one_value():
    red, blue = (np.full((1, 2, 2, 4), (*colour, 0), np.uint8) for colour in [(255, 0, 0), (0, 0, 255)])
    assert torch.equal(to_tensor(red), to_tensor(blue))
    assert (to_tensor(red) == -1).all()
    assert (to_pixels(to_tensor(red)) == 0).all()


def test_colour_brighter_than_its_alpha_allows_is_cut_off():
    dim_but_bright = torch.full((1, 4, 2, 2), 1.0)
    dim_but_bright[:, 3] = 0.0
    assert to_pixels(dim_but_bright)[0, 0, 0].tolist() == [255, 255, 255, 128]


def test_the_colour_of_the_unseen_does_not_bleed_when_resized():
    image = Image.new("RGBA", (64, 64), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (16, 16, 48, 48))
    pixels = prepare(image, 28, channels=4)
    assert pixels[..., 1].max() == 0
    assert pixels[14, 14].tolist() == [255, 0, 0, 255]
    assert pixels[0, 0].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("mode", [*MODES, "PA", "RGBa"])
def test_every_mode_can_be_layered(mode):
    image = (
        picture("LA").convert(mode)
        if mode == "PA"
        else picture("RGBA").convert(mode)
        if mode == "RGBa"
        else picture(mode)
    )
    pixels = prepare(image, 32, channels=4)
    assert pixels.shape == (32, 32, 4)
    assert (pixels[..., 3] == 255).all()
    assert pixels[-4:, :, :3].mean() > 215


def test_a_padded_layer_is_framed_by_nothing():
    image = Image.new("RGBA", (90, 30))
    image.paste((255, 0, 0, 255), (30, 5, 60, 25))
    padded = prepare(image, 30, "pad", channels=4)
    assert padded[0, 0].tolist() == [0, 0, 0, 0]
    assert padded[15, 15].tolist() == [255, 0, 0, 255]
