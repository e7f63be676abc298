from __future__ import annotations

import torch
from torch import Tensor


def discriminator_loss(real: Tensor, fake: Tensor, *, a: float, b: float) -> Tensor:
    """Least-squares GAN, equation 2 of Mao et al. (2017): 1/2 E[(D(x) - b)^2] + 1/2 E[(D(G(z)) - a)^2].

    `real` and `fake` are scores [B]; returns a scalar.
    """
    return 0.5 * (real - b).square().mean() + 0.5 * (fake - a).square().mean()


def generator_loss(fake: Tensor, *, c: float) -> Tensor:
    """Least-squares GAN, equation 2 of Mao et al. (2017): 1/2 E[(D(G(z)) - c)^2], for scores `fake` [B]."""
    return 0.5 * (fake - c).square().mean()


def r1_penalty(scores: Tensor, images: Tensor) -> Tensor:
    """R1 of Mescheder et al. (2018) without its weight: 1/2 E[|grad D(x)|^2].

    `scores` [B] must come from `images` [B,C,H,W], which must require grad.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return 0.5 * gradient.float().square().sum(dim=(1, 2, 3)).mean()
