import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from generation.engine.metrics import encoder, weights
from generation.engine.metrics.classifying import two_sample
from generation.engine.metrics.encoder import describe, embed
from generation.engine.metrics.formulas import FAMILY, draw
from generation.engine.metrics.textures import textures
from generation.engine.metrics.train_encoder import contrast, train


@pytest.fixture(scope="module")
def drawn():
    pixels = draw(128, 64, torch.Generator().manual_seed(9)).mul(255).round().byte()
    return pixels.permute(0, 2, 3, 1).numpy()


def test_the_same_seed_draws_the_same_images_in_families():
    one, two, other = (draw(8, 32, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert one.shape == (8, 3, 32, 32)
    assert 0 <= float(one.min()) < float(one.max()) <= 1
    within, across = (one[0] - one[1]).abs().mean(), (one[0] - one[FAMILY]).abs().mean()
    assert within < across


@pytest.mark.parametrize(("side", "channels"), [(28, 1), (32, 3), (64, 3), (128, 3), (256, 1)])
def test_images_of_every_size_get_a_place(noise, side, channels):
    places, described = embed(noise(3, side, channels)), describe(noise(3, side, channels))
    assert places.shape == described.shape == (3, 128)
    assert np.allclose(np.linalg.norm(places, axis=1), 1, atol=1e-5)


def test_no_images_get_no_places(noise):
    assert embed(noise(0)).shape == (0, 128)


def test_a_moved_mirrored_copy_lies_nearer_than_any_sibling(drawn):
    moved = np.roll(drawn[:, :, ::-1], 2, axis=2)
    likeness = embed(moved) @ embed(drawn).T
    assert (likeness.argmax(axis=1) == np.arange(len(drawn))).mean() >= 0.95


def rows_of(pixels):
    return np.concatenate([describe(pixels), textures(pixels)], axis=1)


def test_blur_and_noise_are_described_as_different(drawn):
    random = np.random.default_rng(0)
    noisy = (drawn + random.normal(0, 20, drawn.shape)).clip(0, 255).astype(np.uint8)
    blurred = np.stack([np.asarray(Image.fromarray(image).filter(ImageFilter.BoxBlur(2))) for image in drawn])
    for worse in (noisy, blurred):
        assert two_sample(rows_of(drawn), rows_of(worse)).low > 0.75


def test_the_weights_are_small_and_the_ones_whose_hash_is_kept():
    assert encoder.FILE.stat().st_size < 5_000_000
    assert weights.read(encoder.FILE).keys() == encoder.Network().state_dict().keys()


def test_damaged_weights_are_refused(tmp_path):
    file = tmp_path / "encoder.safetensors"
    weights.write(file, {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(1)})
    assert weights.read(file)["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(weights.WeightsError, match="damaged"):
        weights.read(file)


def test_the_loss_is_least_where_both_views_meet():
    apart = torch.eye(4)
    together, crossed = torch.cat([apart, apart]), torch.cat([apart, apart.roll(1, dims=0)])
    assert float(contrast(together)) < 0.01
    assert float(contrast(crossed)) > 5


@pytest.mark.slow
def test_training_twice_makes_the_same_weights(monkeypatch):
    monkeypatch.setattr("generation.engine.metrics.train_encoder.POOL", 256)
    monkeypatch.setattr("generation.engine.metrics.train_encoder.BATCH", 16)
    threads = torch.get_num_threads()
    one, two = (train(3).state_dict() for _ in range(2))
    torch.set_num_threads(threads)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert float(one["axes"].abs().sum()) > 0
