import json

import numpy as np
import pytest
from PIL import Image, ImageFilter

from generation.engine.metrics.copies import CopyDetector
from generation.engine.metrics.pyramid import laplacian_level, level_sides
from generation.engine.metrics.report import quality_report
from generation.engine.metrics.swd import _distances, swd, swd_floor


def blurred(pixels):
    return np.stack([np.asarray(Image.fromarray(image).filter(ImageFilter.BoxBlur(1))) for image in pixels])


@pytest.fixture(scope="module")
def pictures(shapes):
    return shapes.pixels


def test_swd_orders_real_blur_and_noise(pictures, noise):
    real, others = pictures[:120], pictures[120:]
    floor, blur, random = (swd(real, fake)["avg"] for fake in (others, blurred(others), noise(120)))
    assert floor < blur < random
    assert blur > 1.5 * floor


def test_a_set_is_at_no_distance_from_itself_but_for_patches(pictures):
    assert swd(pictures, pictures)["avg"] < 0.5 * swd_floor(pictures)["avg"]


def test_swd_has_every_level_down_to_16_pixels(noise):
    assert list(swd(noise(2, 64), noise(2, 64))) == ["64", "32", "16", "avg"]
    assert list(swd(noise(2, 28, 1), noise(2, 28, 1))) == ["28", "avg"]
    assert level_sides(128) == [128, 64, 32, 16]


def test_swd_follows_its_seed_and_does_not_touch_its_input(pictures):
    before = pictures.copy()
    assert swd(pictures, pictures[:99], seed=1) == swd(pictures, pictures[:99], seed=1)
    assert swd(pictures, pictures[:99], seed=1) != swd(pictures, pictures[:99], seed=2)
    assert np.array_equal(pictures, before)


def test_the_floor_falls_with_more_images(pictures):
    small, large = swd_floor(pictures[:60]), swd_floor(pictures)
    assert (small["n"], large["n"]) == (30, 120)
    assert large["avg"] < small["avg"]


def test_swd_is_blind_to_brightness_and_contrast(pictures):
    dimmed = (pictures[120:] * 0.5 + 40).astype(np.uint8)
    plain = swd(pictures[:120], pictures[120:])["avg"]
    assert swd(pictures[:120], dimmed)["avg"] == pytest.approx(plain, rel=0.15)


def test_sets_that_cannot_be_compared_are_refused(noise):
    with pytest.raises(ValueError, match="one size"):
        swd(noise(2, 32), noise(2, 64))
    with pytest.raises(ValueError, match="at least one"):
        swd(noise(0), noise(2))


def test_a_laplacian_pyramid_adds_up():
    image = np.random.default_rng(0).normal(size=(1, 32, 32, 1)).astype(np.float32)
    flat = np.full_like(image, 3.0)
    assert np.allclose(laplacian_level(flat, 0, last=False), 0, atol=1e-5)
    assert np.allclose(laplacian_level(flat, 1, last=True), 3.0, atol=1e-5)
    assert laplacian_level(image, 1, last=True).shape == (1, 16, 16, 1)


def test_one_dimensional_distance_by_hand():
    real = np.arange(8, dtype=np.float32)[:, None]
    found = _distances(real, [real[::-1].copy(), real + 2], np.random.default_rng(0))
    assert found == [0, pytest.approx(2)]


def test_planted_copies_are_found_and_held_out_images_are_not(shapes):
    train, holdout = shapes.subset(range(200)), shapes.subset(range(200, 240))
    detector = CopyDetector.fit(train, holdout)
    planted = np.concatenate([train.pixels[:20], train.pixels[20:40, :, ::-1]])
    distances, sources = detector.distance(planted)
    assert detector.is_copy(distances).all()
    assert sources.tolist() == list(range(40))
    assert detector.is_copy(detector.distance(holdout.pixels)[0]).mean() <= 1 / 40
    assert detector.calibration == "holdout"


def test_few_images_are_calibrated_by_leaving_one_out(shapes):
    detector = CopyDetector.fit(shapes.pixels[:60], shapes.pixels[60:80])
    assert detector.calibration == "leave-one-out"
    assert detector.is_copy(detector.distance(shapes.pixels[80:])[0]).mean() < 0.1
    assert detector.is_copy(detector.distance(shapes.pixels[:60])[0]).all()


def test_twins_among_the_sources_do_not_hide_copies(shapes):
    twins = np.concatenate([shapes.pixels[:50], shapes.pixels[:50]])
    detector = CopyDetector.fit(twins)
    assert detector.is_copy(detector.distance(twins[:5])[0]).all()
    assert not detector.is_copy(detector.distance(shapes.pixels[100:])[0]).any()


def test_another_encoder_can_be_put_in(shapes):
    detector = CopyDetector.fit(
        shapes.pixels[:60], encoder=lambda pixels: pixels.reshape(len(pixels), -1).astype(np.float32)
    )
    assert detector.search.rows.encoder(shapes.pixels[:2]).shape == (2, 32 * 32 * 3)
    assert detector.distance(shapes.pixels[7:8])[1].tolist() == [7]


def test_the_report_says_what_was_compared_with_what(shapes):
    train, holdout, fake = shapes.pixels[:200], shapes.pixels[200:], blurred(shapes.pixels[:64])
    fake[1] = fake[0]
    fake[2] = train[5]
    report = quality_report(holdout, fake, train=train, holdout=holdout)
    assert json.loads(json.dumps(report)) == report
    assert report["likeness"]["compared_with"] == "holdout"
    assert report["likeness"]["n"] == 40
    assert report["likeness"]["swd"]["avg"] > report["likeness"]["swd_floor"]["avg"]
    assert report["duplicates"]["identical"] == 1
    assert report["copies"]["nearest"][0]["source"] == 5
    assert report["copies"]["found"] >= 1
    assert report["diversity"] == {"compared_with": "holdout", "n": 40, "too_few": True, "least": 200}
    assert report["kid"]["low"] < report["kid"]["value"] < report["kid"]["high"]
    assert report["two_sample"]["value"] > report["two_sample"]["floor"]


def test_without_held_out_images_the_report_says_so(shapes):
    report = quality_report(shapes.pixels[:100], shapes.pixels[100:160])
    assert report["likeness"]["compared_with"] == "train"
    assert report["likeness"]["n"] == 50
    assert "FID" not in json.dumps(report)


def striped(labels: np.ndarray, seed: int) -> np.ndarray:
    """Grey images [N,28,28,1] whose stripes are as wide as their label says."""
    noise = np.random.default_rng(seed).integers(0, 60, (len(labels), 28, 28, 1))
    stripes = (np.arange(28)[None] // (labels[:, None] + 1)) % 2  # [N,28]
    return (stripes[:, None, :, None] * 180 + noise).astype(np.uint8)


def test_a_report_is_fair_to_labels_in_any_order():
    train = striped(np.repeat(np.arange(5), 80), seed=0)  # by class, as folders come
    holdout = striped(np.random.default_rng(1).permutation(np.repeat(np.arange(5), 20)), seed=1)
    fake = striped(np.arange(500) % 5, seed=2)  # in turn, as slots come
    likeness = quality_report(holdout, fake, train=train, compared_with="holdout")["likeness"]
    assert likeness["n"] == 100
    one_class = swd(holdout, striped(np.zeros(100, dtype=int), seed=3))["avg"]
    assert likeness["swd"]["avg"] < one_class / 3
    assert likeness["swd_floor"]["avg"] < one_class / 3
