import numpy as np
import pytest
from PIL import Image

from generation.engine.sheets import contact_sheet, growth, save_sheet


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_images_lie_row_by_row_and_unused_places_are_white(noise, channels, mode):
    pixels = noise(5, side=8, channels=channels)
    sheet = contact_sheet(pixels)
    assert (sheet.mode, sheet.size) == (mode, (24, 16))
    seen = np.asarray(sheet).reshape(16, 24, channels)
    assert (seen[8:, 8:16] == pixels[4]).all()
    assert (seen[8:, 16:] == 255).all()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_growth_shows_the_same_images_over_time(tmp_path, channels):
    sheets = [tmp_path / f"{moment:03}.png" for moment in range(25)]
    for moment, path in enumerate(sheets):
        images = np.stack([np.full((8, 8, channels), 10 * n + moment, dtype=np.uint8) for n in range(9)])
        save_sheet(images, path)
    grown = np.asarray(growth(sheets, 8)).reshape(24, 80, channels)  # three images of a row of three, ten moments
    assert grown[::8, 0, 0].tolist() == [0, 10, 20]
    assert grown[0, ::8, 0].tolist() == [0, 3, 5, 8, 11, 13, 16, 19, 21, 24]


def test_growth_of_a_short_run_repeats_nothing(tmp_path):
    save_sheet(np.zeros((4, 8, 8, 3), dtype=np.uint8), tmp_path / "1.png")
    assert growth([tmp_path / "1.png"], 8).size == (8, 16)
    assert isinstance(growth([tmp_path / "1.png"], 8), Image.Image)
