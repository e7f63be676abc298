import io

import numpy as np
import pytest
from PIL import Image

from generation.engine.png import encode_png


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(28, 28), (1, 1), (5, 9)])
def test_pillow_reads_the_same_pixels(channels, size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, channels), dtype=np.uint8)
    with Image.open(io.BytesIO(encode_png(pixels))) as image:
        assert image.mode == ("L" if channels == 1 else "RGB")
        assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)


def test_text_is_carried_in_any_language():
    content = encode_png(np.zeros((4, 4, 3), np.uint8), {"Source": "GANerate", "Title": "생성 이미지"})
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        assert image.text == {"Source": "GANerate", "Title": "생성 이미지"}


def test_smooth_pictures_become_smaller():
    ramp = np.repeat(np.arange(64, dtype=np.uint8)[None, :, None], 64, axis=0).repeat(3, axis=2)
    assert len(encode_png(ramp)) < ramp.size / 10
