"""Copies of drawn images, planted in the ways that generators repeat what they were shown."""

import numpy as np
import pytest
import torch

from benchmarks import planted
from generation.engine.metrics import stored
from generation.engine.metrics.copies import CopyDetector
from generation.engine.metrics.formulas import FAMILY, draw

pytestmark = pytest.mark.slow
PLANTED = 60


def pictures(count, seed):
    """One of each family: siblings can be as good as the same."""
    drawn = draw(FAMILY * count, 64, torch.Generator().manual_seed(seed))[::FAMILY]
    return drawn.mul(255).round().byte().permute(0, 2, 3, 1).numpy()


CHANGES = planted.CHANGES | {"blend 80/20": lambda pixels: planted.blended(pixels, pixels[::-1])}


@pytest.fixture(scope="module")
def found():
    everything = pictures(420, seed=3)
    train, holdout, unseen = everything[:250], everything[250:300], everything[300:]
    return CopyDetector.fit(train, holdout), train, unseen


@pytest.mark.parametrize("change", CHANGES)
def test_planted_copies_are_found_with_their_source(found, change):
    detector, train, _ = found
    distances, sources = detector.distance(CHANGES[change](train[:PLANTED]).copy())
    assert detector.is_copy(distances).mean() >= 0.95
    assert (sources == np.arange(PLANTED)).mean() >= 0.9


def test_a_source_shines_through_a_blend_with_something_unseen(found):
    detector, train, unseen = found
    assert detector.is_copy(detector.distance(planted.blended(train[:PLANTED], unseen[:PLANTED]))[0]).mean() >= 0.95


def test_images_unlike_all_sources_are_cleared_at_a_glance_and_copies_are_not(noise):
    patterns = noise(300, 8).repeat(8, axis=1).repeat(8, axis=2)
    detector = CopyDetector.fit(patterns[:200])
    assert detector.search.find(patterns[200:]).alone.isfinite().float().mean() < 0.5
    assert detector.search.find(planted.shifted(patterns[:200])).alone.isfinite().float().mean() >= 0.98


def test_a_thorough_search_finds_what_a_glance_finds(found):
    detector, train, _ = found
    glance, thorough = (detector.search.find(train[:20], thorough=way) for way in (False, True))
    assert torch.equal(glance.alone, thorough.alone)
    assert torch.equal(glance.details, thorough.details)


def test_transparent_sources_are_compared_as_they_look_on_white(found):
    detector, train, _ = found
    clear = np.concatenate([train[:8], np.full_like(train[:8, ..., :1], 255)], axis=3)
    assert np.array_equal(detector.distance(clear)[0], detector.distance(train[:8])[0])


def test_unseen_images_are_not_taken_for_copies(found):
    detector, _, unseen = found
    assert detector.is_copy(detector.distance(unseen)[0]).mean() <= 0.01
    assert detector.calibration == "holdout"


def test_pictures_that_the_sources_hold_twice_are_counted_and_still_found():
    images = pictures(250, seed=4)
    images[:4] = images[4:8, :, ::-1]
    detector = CopyDetector.fit(images)
    assert detector.twins == pytest.approx(8 / 250, abs=0.01)
    assert detector.is_copy(detector.distance(images[:20])[0]).all()
    assert detector.is_copy(detector.distance(pictures(50, seed=5))[0]).mean() <= 0.02


def test_grey_images_and_very_few_of_them_work_too():
    greys = pictures(60, seed=6)[:, ::2, ::2, :1].copy()
    detector = CopyDetector.fit(greys[:50])
    assert detector.calibration == "leave-one-out"
    assert detector.distance(greys[:50, :, ::-1].copy())[1].tolist() == list(range(50))
    assert CopyDetector.fit(greys[:2]).distance(greys[:1])[1].tolist() == [0]
    with pytest.raises(ValueError, match="at least two"):
        CopyDetector.fit(greys[:1])


def test_a_stored_detector_judges_exactly_alike(found):
    detector, train, unseen = found
    again = stored.from_bytes(stored.to_bytes(detector))
    looked_at = np.concatenate([train[:20], unseen[:40]])
    for ours, theirs in zip(detector.distance(looked_at), again.distance(looked_at), strict=True):
        assert np.array_equal(ours, theirs)
    assert (again.calibration, again.twins) == (detector.calibration, detector.twins)
