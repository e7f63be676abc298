import numpy as np
import pytest
import torch

from benchmarks.ladder import climb, in_order
from generation.engine.metrics.formulas import FAMILY, draw

pytestmark = pytest.mark.slow
METRICS = ("swd", "kid", "two_sample", "recall", "coverage")


def pictures(side, grey=False):
    drawn = draw(FAMILY * 500, side, torch.Generator().manual_seed(8))[::FAMILY]
    pixels = drawn.mul(255).round().byte().permute(0, 2, 3, 1).numpy()
    return pixels[..., :1].copy() if grey else pixels


@pytest.mark.parametrize(("side", "grey"), [(64, False), (28, True)])
def test_real_stands_above_blends_gaussians_and_blur_and_noise_below(side, grey, subtests):
    table = climb(pictures(side, grey), n=250)
    for metric in METRICS:
        with subtests.test(metric=metric):
            assert in_order(metric, table[metric]), table[metric]


def test_longer_runs_stand_above_shorter_ones_and_below_real_images(subtests):
    table = climb(pictures(28, grey=True), n=250, budgets=(0.3, 3, 12), widths=(16, 16))
    for metric in METRICS:
        with subtests.test(metric=metric):
            assert in_order(metric, table[metric]), table[metric]


def test_every_metric_is_tried():
    random = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
    assert set(climb(random, n=30)) == set(METRICS)
