import pytest
import torch
from torch.nn import functional as F

from generation.engine.config import RESOLUTIONS, RecipeRequest, resolve
from generation.engine.networks import Enlarge, Modulation, batch_deviation, build_discriminator, build_generator


def parameters(net):
    return sum(parameter.numel() for parameter in net.parameters())


@pytest.mark.parametrize("preset", ["quick", "standard", "paper"])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("labels", [False, True])
def test_shapes(tiny, preset, resolution, channels, labels):
    recipe = tiny(RecipeRequest(preset, resolution, labels=labels), channels=channels)
    classes = torch.tensor([0, 1, 2, 0]) if labels else None
    images = build_generator(recipe)(torch.randn(4, 8), classes)
    assert images.shape == (4, channels, resolution, resolution)
    assert images.abs().max() <= 1
    assert build_discriminator(recipe)(images, classes).shape == (4,)


def test_the_paper_has_the_published_size():
    recipe = resolve(RecipeRequest("paper", 64), images=1000, channels=3)
    assert parameters(build_generator(recipe)) == 3_576_704
    assert parameters(build_discriminator(recipe)) == 2_765_568


def test_weights_follow_from_the_seed_alone(tiny):
    first = build_generator(tiny()).state_dict()
    torch.rand(3)
    again, other = build_generator(tiny()).state_dict(), build_generator(tiny(seed=1)).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["root.weight"], other["root.weight"])


def test_building_leaves_the_global_random_state_alone(tiny):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    build_generator(tiny())
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("preset", ["quick", "paper"])
def test_the_class_reaches_both_networks(tiny, preset):
    recipe = tiny(RecipeRequest(preset, 32, labels=True))
    generator, discriminator = build_generator(recipe).eval(), build_discriminator(recipe).eval()
    latent, one, other = torch.randn(1, 8), torch.tensor([0]), torch.tensor([1])
    image = generator(latent, one)
    assert not torch.equal(image, generator(latent, other))
    assert not torch.equal(discriminator(image, one), discriminator(image, other))


def test_batch_deviation_sees_a_collapsed_group():
    x = torch.cat([torch.randn(1, 8, 4, 4).expand(4, -1, -1, -1), torch.randn(4, 8, 4, 4)])
    channel = batch_deviation(x, 4)[:, 0]
    assert channel[:4].max() < 0.01
    assert channel[4:].min() > 0.3


def test_the_last_layer_computes_in_float32(tiny):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert build_generator(tiny())(torch.randn(2, 8)).dtype == torch.float32


def test_an_image_does_not_depend_on_the_others_in_its_batch(tiny):
    generator = build_generator(tiny()).train()
    latents = torch.randn(8, 8)
    assert torch.allclose(generator(latents)[:2], generator(torch.cat([latents[:2], -latents[2:]]))[:2], atol=1e-6)


def test_the_size_of_a_pixels_features_says_nothing():
    layer = Modulation(8, 4)
    x, condition = torch.randn(2, 8, 4, 4), torch.randn(2, 4)
    assert torch.allclose(layer(x, condition), layer(5 * x, condition), atol=1e-4)


def test_enlarging_is_nearest_neighbours_and_a_convolution():
    layer, x = Enlarge(3, 5), torch.randn(2, 3, 6, 6)
    torch.nn.init.normal_(layer.weight)
    plain = F.conv2d(F.interpolate(x, scale_factor=2), layer.weight.flip(2, 3).transpose(0, 1), padding=1)
    assert torch.allclose(layer(x), plain, atol=1e-5)


def test_even_surfaces_stay_even_whatever_the_weights():
    layer = Enlarge(3, 5)
    torch.nn.init.normal_(layer.weight)
    inside = layer(torch.randn(1, 3, 1, 1).expand(1, 3, 6, 6))[:, :, 1:-1, 1:-1]
    assert torch.allclose(inside, inside[:, :, :1, :1].expand_as(inside), atol=1e-5)


def test_enlarging_starts_out_as_bilinear():
    layer, x = Enlarge(1, 1), torch.randn(1, 1, 6, 6)
    expected = layer.weight.sum() * F.interpolate(x, scale_factor=2, mode="bilinear")
    assert torch.allclose(layer(x)[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1], atol=1e-6)


@pytest.mark.parametrize(("body", "first", "last"), [("smooth", 3, 3), ("smooth-last", 4, 3), ("strided", 4, 4)])
def test_every_body_has_kernels_of_its_own(tiny, body, first, last):
    generator = build_generator(tiny(body=body))
    weights = generator.state_dict()
    sides = [weights[name].shape[-1] for name in ("ups.0.up.weight", "to_image.weight")]
    assert sides == [first, last]
    assert generator(torch.randn(4, 8)).shape == (4, 3, 32, 32)
