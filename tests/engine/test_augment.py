import pytest
import torch

from generation.engine.augment import SCALE, SHIFT, AdaptiveStrength, augment
from generation.engine.pictures import to_tensor


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def test_nothing_happens_at_strength_zero():
    images = torch.randn(4, 3, 8, 8)
    assert augment(images, ("flip", "colour", "translation", "cutout"), 0.0, random()) is images


def test_flipped_images_are_exact_mirrors():
    images = torch.randn(64, 3, 8, 8)
    result = augment(images, ("flip",), 1.0, random())
    same = (result == images).all(dim=(1, 2, 3))
    mirrored = (result == images.flip(3)).all(dim=(1, 2, 3))
    assert (same | mirrored).all()
    assert 15 < mirrored.sum() < 50


def test_shifted_images_reflect_at_the_border():
    images = torch.arange(16.0).expand(32, 1, 16, 16)
    rows = augment(images, ("translation",), 1.0, random())[:, 0, 0]
    places = torch.arange(16)
    most = round(16 * SHIFT)
    for row in rows:
        expected = [((15 - (15 - (places - shift).abs()).abs()).float()) for shift in range(-most, most + 1)]
        assert any(torch.equal(row, candidate) for candidate in expected)


def test_scaled_images_grow_and_shrink_about_their_middle():
    square = torch.zeros(64, 1, 24, 24)
    square[..., 8:16, 8:16] = 1
    result = augment(square, ("scale",), 1.0, random())
    sides = result.sum(dim=(1, 2, 3)).sqrt() / 8
    assert sides.min() > 0.98 / SCALE
    assert sides.max() < 1.02 * SCALE
    assert sides.std() > 0.1
    assert torch.allclose(result, result.flip(2, 3), atol=1e-5)
    assert result.max() <= 1


def test_without_scale_every_pixel_is_one_of_the_images():
    images = torch.randn(32, 1, 28, 28)
    result = augment(images, ("flip", "translation"), 1.0, random())
    assert all(torch.isin(moved, image).all() for moved, image in zip(result, images, strict=True))


def test_colour_keeps_greys_grey_and_shapes_in_place():
    grey = torch.rand(16, 1, 8, 8).expand(-1, 3, -1, -1)
    result = augment(grey, ("colour",), 1.0, random())
    assert torch.allclose(result[:, 0], result[:, 2], atol=1e-6)
    assert not torch.allclose(result, grey)


def test_strength_is_the_share_of_images_changed():
    images = torch.randn(2000, 1, 8, 8)
    changed = (augment(images, ("colour",), 0.25, random()) - images).abs().amax(dim=(1, 2, 3)) > 1e-4
    assert 0.2 < changed.float().mean() < 0.3


@pytest.mark.parametrize("name", ["flip", "colour", "translation", "scale", "cutout"])
def test_gradients_pass(name):
    images = torch.rand(8, 3, 8, 8, requires_grad=True)
    augment(images, (name,), 1.0, random()).square().sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0


def test_strength_rises_when_real_images_are_known_by_heart():
    strength = AdaptiveStrength(start=0.0, limit=0.8, target=0.6, kimg=1.0, middle=0.0)
    strength.update(torch.ones(100))
    assert strength.p == pytest.approx(0.1)
    for _ in range(20):
        strength.update(torch.ones(100))
    assert strength.p == 0.8


def test_strength_falls_to_nothing_when_scores_are_mixed():
    strength = AdaptiveStrength(start=0.1, limit=0.8, target=0.6, kimg=1.0, middle=0.5)
    strength.update(torch.tensor([0.0, 1.0] * 100))
    assert strength.p == 0
    assert strength.r_t == 0


def test_colour_leaves_transparency_alone(noise):
    pixels = noise(32, 8, 4)
    pixels[:, :4, :, 3] = 0
    result = augment(to_tensor(pixels), ("colour",), 1.0, random())
    assert torch.equal(result[:, 3], to_tensor(pixels)[:, 3])
    assert torch.allclose(result[:, :, :4], torch.tensor(-1.0))
    assert not torch.allclose(result[:, :3, 4:], to_tensor(pixels)[:, :3, 4:], atol=0.1)


def test_opaque_colours_change_as_they_do_without_transparency(noise):
    pixels = noise(8, 8, 4)
    pixels[..., 3] = 255
    plain = augment(to_tensor(pixels[..., :3]), ("colour",), 1.0, random())
    assert torch.allclose(augment(to_tensor(pixels), ("colour",), 1.0, random())[:, :3], plain, atol=1e-5)
