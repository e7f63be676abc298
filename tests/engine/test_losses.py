import pytest
import torch

from generation.engine.losses import discriminator_loss, generator_loss, r1_penalty


def test_discriminator_loss_by_hand():
    real, fake = torch.tensor([1.0, 0.0]), torch.tensor([0.5, -1.0])
    # 1/2 * mean(0, 1) + 1/2 * mean(2.25, 0)
    assert discriminator_loss(real, fake, a=-1, b=1).item() == pytest.approx(0.25 + 0.5625)


def test_discriminator_targets_are_not_swapped():
    real, fake = torch.ones(4), torch.zeros(4)
    assert discriminator_loss(real, fake, a=0, b=1).item() == 0
    assert discriminator_loss(real, fake, a=1, b=0).item() == 1


def test_generator_loss_by_hand():
    assert generator_loss(torch.tensor([0.0, 3.0]), c=1).item() == pytest.approx(0.5 * (1 + 4) / 2)


def test_r1_of_a_linear_score_is_half_the_squared_slope():
    images = torch.randn(5, 3, 4, 4, requires_grad=True)
    scores = 2 * images.sum(dim=(1, 2, 3))
    assert r1_penalty(scores, images).item() == pytest.approx(0.5 * 4 * 48)
