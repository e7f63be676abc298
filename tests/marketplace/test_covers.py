import numpy as np

from generation.engine.png import encode_png
from marketplace.listings.covers import tile


def test_transparent_images_lie_on_white_on_a_card():
    pixels = np.zeros((28, 28, 4), np.uint8)
    pixels[10:20, 10:20] = (200, 0, 0, 255)
    shown = np.asarray(tile(encode_png(pixels)))
    assert shown[0, 0].tolist() == [255, 255, 255]
    assert shown[32, 32].tolist() == [200, 0, 0]


def test_grey_images_stay_as_they_are_on_a_card():
    assert (np.asarray(tile(encode_png(np.full((28, 28, 1), 90, np.uint8)))) == 90).all()
