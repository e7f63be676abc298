import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from generation.engine.metrics import weights
from generation.engine.metrics.inception import Inception, _average_inside, _resizer, fid, network


def test_another_weights_file_is_refused(tmp_path):
    other = tmp_path / "inception.pth"
    torch.save({}, other)
    with pytest.raises(weights.WeightsError, match=r"damaged or another file: its SHA-256 is \w+"):
        Inception.of(other)


def test_a_missing_weights_file_is_named(tmp_path):
    with pytest.raises(weights.WeightsError, match=r"gone\.pth cannot be read"):
        Inception.of(tmp_path / "gone.pth")


@pytest.mark.slow
def test_features_have_the_shape_that_fid_is_defined_on(noise, tmp_path):
    file = tmp_path / "random.pth"
    torch.save(network().state_dict(), file)
    encode = Inception.of(file, sha256="")
    colours, greys = encode(noise(2, 64)), encode(noise(1, 28, 1))
    assert colours.shape == (2, 2048)
    assert greys.shape == (1, 2048)
    assert not np.array_equal(colours[0], colours[1])


def test_the_average_leaves_out_what_is_beyond_the_rim():
    images = torch.rand(2, 3, 5, 6)
    module = nn.Identity()
    module.register_forward_pre_hook(_average_inside)
    ours = module(F.avg_pool2d(images, 3, 1, 1))
    assert torch.allclose(ours, F.avg_pool2d(images, 3, 1, 1, count_include_pad=False))


def test_resizing_starts_at_the_corner():
    doubled = _resizer(299 // 2) @ torch.arange(149.0)
    assert doubled[:3].tolist() == pytest.approx([0, 149 / 299, 2 * 149 / 299])
    assert float(doubled[-1]) == 148


def test_fid_of_gaussians_that_lie_along_the_axes():
    random = np.random.default_rng(0)
    real = random.standard_normal((4000, 3)) * [1, 2, 3]
    fake = random.standard_normal((4000, 3)) * [2, 2, 1] + [0, 1, 0]
    assert fid(real.astype(np.float32), fake.astype(np.float32)) == pytest.approx(1 + 1 + 4, rel=0.1)
    assert fid(real.astype(np.float32), real.astype(np.float32)) == pytest.approx(0, abs=1e-6)


def test_fid_by_the_root_of_the_product():
    random = np.random.default_rng(1)
    real, fake = (random.standard_normal((50, 4)) @ random.standard_normal((4, 4)) for _ in range(2))
    spreads = [np.cov(rows, rowvar=False) for rows in (real, fake)]
    root = np.sqrt(np.linalg.eigvals(spreads[0] @ spreads[1]).astype(complex)).sum().real
    expected = ((real.mean(0) - fake.mean(0)) ** 2).sum() + np.trace(spreads[0]) + np.trace(spreads[1]) - 2 * root
    assert fid(real.astype(np.float32), fake.astype(np.float32)) == pytest.approx(expected, rel=1e-4)
