"""Shapes broken on purpose, beside shapes that were not. What real photographs make of it: benchmarks/artefacts.py."""

import numpy as np
import pytest

from benchmarks import artefacts as broken
from generation.engine.metrics.artefacts import Artefacts, see


@pytest.fixture(scope="module")
def fitted(shapes):
    real, held_out = shapes.pixels[:160], shapes.pixels[160:]
    found = Artefacts.fit(see(real))
    return found, held_out, found.score(see(held_out))


@pytest.mark.parametrize("wound", [*broken.SEEN, "grid", "hole"])
def test_a_broken_image_scores_higher_than_one_that_is_whole(fitted, wound):
    artefacts, images, whole = fitted
    make = (broken.HARDLY | {name: wound for name, (wound, _least) in broken.SEEN.items()})[wound]
    scores = artefacts.score(see(make(images, np.random.default_rng(0))))
    assert broken.higher(scores, whole) > 0.85


def test_a_real_image_that_was_not_seen_before_rarely_lies_above_one(fitted):
    _artefacts, _images, whole = fitted
    assert (whole > 1).mean() < 0.05


def test_a_score_does_not_depend_on_the_images_beside_it(fitted):
    artefacts, images, whole = fitted
    assert artefacts.score(see(images[7:8])) == pytest.approx(whole[7:8], rel=1e-3)
    assert artefacts.score(see(images[:0])).shape == (0,)


def test_five_real_images_are_needed(shapes):
    with pytest.raises(ValueError, match="at least five"):
        Artefacts.fit(see(shapes.pixels[:4]))
    assert np.isfinite(Artefacts.fit(see(shapes.pixels[:5])).score(see(shapes.pixels[5:9]))).all()


def test_real_images_that_are_all_the_same_give_finite_scores(shapes):
    same = np.repeat(shapes.pixels[:1], 8, axis=0)
    assert np.isfinite(Artefacts.fit(see(same)).score(see(shapes.pixels[:4]))).all()
