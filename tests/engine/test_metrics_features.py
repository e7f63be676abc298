import numpy as np
from PIL import Image

from generation.engine.metrics.features import flattened


def test_transparent_images_are_laid_on_white_as_pillow_does(noise):
    clear = noise(5, 32, 4)
    expected = [
        np.asarray(Image.alpha_composite(Image.new("RGBA", (32, 32), "white"), Image.fromarray(image)))[..., :3]
        for image in clear
    ]
    assert np.abs(flattened(clear).astype(int) - np.stack(expected)).max() <= 1


def test_opaque_images_stay_as_they_are(noise):
    grey, colours = noise(2, 28, 1), noise(2, 32, 3)
    assert flattened(grey) is grey
    assert flattened(colours) is colours
    assert np.array_equal(flattened(np.concatenate([colours, np.full((2, 32, 32, 1), 255, np.uint8)], 3)), colours)
