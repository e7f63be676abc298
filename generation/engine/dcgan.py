"""The networks of preset `paper`: DCGAN as Radford et al. (2016) describe it, batch normalisation in both."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from generation.engine.config import Recipe


class Generator(nn.Module):
    """Latents [B,L] -> images [B,C,H,W] in [-1, 1]; a class shifts the latent by a learnt vector."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(recipe.classes), recipe.latent_dim) if recipe.classes else None
        size = recipe.resolution >> len(recipe.widths)
        first = nn.ConvTranspose2d(recipe.latent_dim, recipe.widths[0], size, bias=False)
        layers: list[nn.Module] = [first, nn.BatchNorm2d(recipe.widths[0]), nn.ReLU()]
        for width_in, width in pairwise(recipe.widths):
            up = nn.ConvTranspose2d(width_in, width, 4, 2, 1, bias=False)
            layers += [up, nn.BatchNorm2d(width), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.to_image = nn.ConvTranspose2d(recipe.widths[-1], recipe.channels, 4, 2, 1, bias=False)
        self.apply(_dcgan_weights)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.embed is not None:
            latents = latents + self.embed(labels)
        x = self.body(latents[:, :, None, None])  # [B,L] -> [B,L,1,1] -> [B,W,H/2,W/2]
        with torch.autocast(x.device.type, enabled=False):
            return torch.tanh(self.to_image(x.float()))


class Discriminator(nn.Module):
    """Images [B,C,H,W] in [-1, 1] -> scores [B]."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        widths = recipe.widths[::-1]
        layers: list[nn.Module] = [nn.Conv2d(recipe.channels, widths[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for width_in, width in pairwise(widths):
            down = nn.Conv2d(width_in, width, 4, 2, 1, bias=False)
            layers += [down, nn.BatchNorm2d(width), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers)
        self.score = nn.Conv2d(widths[-1], 1, recipe.resolution >> len(widths), bias=False)
        self.project = nn.Embedding(len(recipe.classes), widths[-1]) if recipe.classes else None
        self.apply(_dcgan_weights)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self.body(images)
        scores = self.score(x).flatten().float()  # [B,1,1,1] -> [B]
        if self.project is not None:
            scores = scores + (self.project(labels) * x.mean(dim=(2, 3)).float()).sum(1)
        return scores


def _dcgan_weights(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, 0.0, 0.2)
