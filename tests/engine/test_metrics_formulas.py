"""Each formula against a second, plain implementation."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from generation.engine.metrics.classifying import PENALTY, Linear, accuracy, two_sample
from generation.engine.metrics.copying import _deviations, c_t
from generation.engine.metrics.likeness import coverage, distances, kid, recall, share
from generation.engine.metrics.similar import similar_rate


def rows(count, seed, width=6, shift=0.0):
    return (np.random.default_rng(seed).standard_normal((count, width)) + shift).astype(np.float32)


def plain_kid(real, fake):
    def kernel(x, y):
        return (sum(float(a) * float(b) for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3

    def within(some):
        pairs = list(itertools.permutations(some, 2))
        return sum(kernel(x, y) for x, y in pairs) / len(pairs)

    across = [kernel(x, y) for x in real for y in fake]
    return within(real) + within(fake) - 2 * sum(across) / len(across)


def test_kid_is_the_unbiased_distance_of_two_kernels():
    real, fake = rows(13, 0), rows(9, 1, shift=0.5)
    assert kid(real, fake).value == pytest.approx(plain_kid(real, fake), rel=1e-6)


def test_the_interval_of_kid_holds_zero_for_equals_as_often_as_it_says():
    held = [estimate.low <= 0 <= estimate.high for estimate in (kid(rows(80, n), rows(80, 100 + n)) for n in range(60))]
    assert 0.85 <= np.mean(held) <= 1


def test_kid_of_different_sets_is_above_zero():
    estimate = kid(rows(200, 0), rows(200, 1, shift=0.7))
    assert 0 < estimate.low < estimate.value < estimate.high


def nearest_of(point, others, k):
    return sorted(math.dist(point, other) for other in others)[k - 1]


def test_recall_and_coverage_by_plain_loops():
    real, fake = rows(30, 0, 3), rows(25, 1, 3, shift=1.6)
    within_fake = [nearest_of(f, np.delete(fake, n, axis=0), 3) for n, f in enumerate(fake)]
    recalled = [any(math.dist(r, f) <= reach for f, reach in zip(fake, within_fake, strict=True)) for r in real]
    covered = [nearest_of(r, fake, 1) <= nearest_of(r, np.delete(real, n, axis=0), 5) for n, r in enumerate(real)]
    assert recall(real, fake) == pytest.approx(np.mean(recalled))
    assert coverage(real, fake) == pytest.approx(np.mean(covered))
    assert 0 < recall(real, fake) < 1
    assert 0 < coverage(real, fake) < 1


def test_distances_by_hand():
    left, right = np.array([[0, 0], [3, 4]], dtype=np.float32), np.array([[0, 0]], dtype=np.float32)
    assert distances(left, right).tolist() == [[0], [5]]


def test_wilsons_interval_as_published():
    found = share(81, 263)  # Newcombe (1998), table I
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


def test_the_two_sample_test_tells_what_can_be_told():
    assert two_sample(rows(150, 0), rows(150, 1, shift=3)).value > 0.98
    with pytest.raises(ValueError, match="as many"):
        two_sample(rows(3, 0), rows(4, 0))


def test_the_two_sample_interval_holds_one_half_for_equals():
    found = [two_sample(rows(100, n), rows(100, 100 + n)) for n in range(40)]
    assert np.mean([estimate.low <= 0.5 <= estimate.high for estimate in found]) >= 0.85
    assert np.mean([estimate.value for estimate in found]) == pytest.approx(0.5, abs=0.03)


def test_the_linear_classifier_is_at_the_bottom_of_its_loss():
    some, labels = rows(60, 3), np.random.default_rng(0).integers(0, 3, 60)
    learnt = Linear(some, labels)
    standard = torch.from_numpy((some - some.mean(axis=0)) / (some.std(axis=0) + 1e-6)).double()
    weights = learnt.weights[:-1].clone().requires_grad_()
    offsets = learnt.weights[-1].clone().requires_grad_()
    loss = F.cross_entropy(standard @ weights + offsets, torch.from_numpy(labels)) + PENALTY * (weights**2).sum()
    slopes = torch.autograd.grad(loss, [weights, offsets])
    assert max(float(slope.abs().max()) for slope in slopes) < 1e-4


def test_classes_learnt_from_one_set_are_named_in_another():
    labels = np.repeat([0, 1, 2], 40)
    spread = np.eye(6, dtype=np.float32)[labels] * 4
    found = accuracy(rows(120, 0) + spread, labels, rows(120, 1) + spread, labels)
    assert found.low > 0.9
    assert accuracy(rows(120, 0), labels, rows(120, 1), labels).value < 0.6


def test_mann_and_whitneys_u_by_counting_pairs():
    left, right = np.array([1.0, 2, 2, 5, 7, 9]), np.array([0.5, 2, 3, 3, 8])
    u = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in left for b in right)
    n, m = len(left), len(right)
    expected = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    assert _deviations(left, right) == pytest.approx(expected)


def test_c_t_tells_copying_from_learning_and_from_missing():
    train, holdout = rows(300, 0), rows(150, 1)
    assert c_t(train, holdout, train[:150] + 0.01) < -3
    assert abs(c_t(train, holdout, rows(150, 2))) < 3
    assert c_t(train, holdout, rows(150, 2, shift=4)) is None or c_t(train, holdout, rows(150, 2) * 3) > 3


def test_similar_pairs_by_plain_loops():
    some = np.array([[1, 0], [1, 0.01], [0, 1], [-1, 0]], dtype=np.float32)
    assert similar_rate(some, 0.1) == pytest.approx(2 / 4)
    assert similar_rate(some, 3.0) == 1
    assert similar_rate(some[:1], 3.0) == 0
