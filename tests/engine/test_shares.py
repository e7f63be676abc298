import numpy as np
import pytest

from generation.engine.shares import Shares


def test_shares_are_to_the_nearest_image():
    assert Shares.in_proportion([500, 300, 200], 10).counts == (5, 3, 2)
    assert Shares.in_proportion([1, 1, 1], 10).counts == (4, 3, 3)
    assert Shares.in_proportion([999, 1], 100).counts == (100, 0)


@pytest.mark.parametrize("counts", [(1,), (1, 0), (3, 3), (70, 25, 5), (997, 3, 0, 1000), (1, 4_096, 123)])
@pytest.mark.parametrize("first", [0, 4_160])
def test_every_class_gets_exactly_its_share(counts, first):
    shares = Shares(counts, first)
    classes = shares.classes_of(range(first, first + shares.total))
    assert tuple(np.bincount(classes, minlength=len(counts))) == counts
    for number in range(len(counts)):
        assert np.array_equal(shares.slots_of(number), first + np.flatnonzero(classes == number))


def test_classes_do_not_depend_on_how_slots_are_shared_out():
    shares = Shares((700, 250, 50), first=64)
    whole = shares.classes_of(range(64, 1064))
    parts = [shares.classes_of(range(first, first + 100)) for first in range(64, 1064, 100)]
    assert np.array_equal(np.concatenate(parts), whole)


def test_a_run_that_is_cut_short_is_in_proportion_too():
    shares = Shares.in_proportion([70, 25, 5], 5000)
    for count in (200, 1000, 3000):
        counts = np.bincount(shares.classes_of(range(count)), minlength=3)
        assert np.abs(counts - count * np.array([0.70, 0.25, 0.05])).max() <= 5


@pytest.mark.parametrize("weights", [[], [0, 0], [3, -1]])
def test_weights_without_sense_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        Shares.in_proportion(weights, 10)


@pytest.mark.parametrize(("counts", "first"), [((), 0), ((0, 0), 0), ((2, -1), 0), ((1,), -1)])
def test_counts_without_sense_are_refused(counts, first):
    with pytest.raises(ValueError, match="below 0"):
        Shares(counts, first)
