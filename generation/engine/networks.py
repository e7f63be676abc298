from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from generation.engine import dcgan
from generation.engine.config import Recipe

EMBEDDING = 32


class Modulation(nn.Module):
    """Normalisation of each pixel over its channels, whose gain and bias come from the latent and the class.

    Pixel norm (Karras et al., 2018) with self-modulation (Chen et al., 2019). Normalised over whole images or groups of
    channels, even surfaces turn into contour lines; over the batch, gains multiply from layer to layer.
    """

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.style = nn.Linear(condition, 2 * width)
        nn.init.normal_(self.style.weight, std=0.1 / math.sqrt(condition))
        nn.init.zeros_(self.style.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        gain, bias = self.style(condition)[:, :, None, None].chunk(2, dim=1)  # [B,2W] -> two of [B,W,1,1]
        # By its norm: the gradient of a mean of squares comes in another layout, and all behind it takes twice as long.
        x = x * (math.sqrt(x.shape[1]) / torch.linalg.vector_norm(x, dim=1, keepdim=True).clamp_min(1e-3))
        return F.leaky_relu(torch.addcmul(bias, x, 1 + gain), 0.2)


class Enlarge(nn.Module):
    """[B,I,H,W] -> [B,O,2H,2W]: nearest neighbours and a 3x3 convolution, computed as one transposed convolution.

    Its 4x4 kernel is the sum of the 3x3 one at four places (Karras et al., 2018, "fused scale"). So all pixels share
    one kernel, and it costs what a transposed convolution does, without its checkerboards (Odena et al., 2016).
    """

    def __init__(self, width_in: int, width: int, *, bias: bool = False) -> None:
        super().__init__()
        # Starts out as bilinear enlargement.
        line = torch.tensor([0.25, 0.5, 0.25])
        mixing = torch.randn(width_in, width, 1, 1) / math.sqrt(width_in)
        self.weight = nn.Parameter(mixing * line[:, None] * line)
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        padded = F.pad(self.weight, (1, 1, 1, 1))  # [I,O,3,3] -> [I,O,5,5]
        rows = padded[..., 1:, :] + padded[..., :-1, :]
        return F.conv_transpose2d(x, rows[..., 1:] + rows[..., :-1], self.bias, stride=2, padding=1)


def _enlargement(body: str, width_in: int, width: int, *, last: bool = False) -> nn.Module:
    """As the recipe's body has it: "smooth", for small images; "smooth-last", for large ones, whose finest level alone
    is, as contours follow where all are; "strided", of earlier runs, with checkerboards."""
    if body == "strided" or (body == "smooth-last" and not last):
        return nn.ConvTranspose2d(width_in, width, 4, 2, 1, bias=last)
    return Enlarge(width_in, width, bias=last)


class Up(nn.Module):
    """Doubles the side; at up to 16 px, where pixels are cheap, a residual convolution follows."""

    def __init__(self, width_in: int, width: int, size: int, condition: int, body: str) -> None:
        super().__init__()
        self.up = _enlargement(body, width_in, width)
        self.first = Modulation(width, condition)
        self.conv = nn.Conv2d(width, width, 3, 1, 1, bias=False) if size <= 16 else None
        self.second = Modulation(width, condition) if size <= 16 else None

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        x = self.first(self.up(x), condition)
        if self.conv is None or self.second is None:
            return x
        return x + self.second(self.conv(x), condition)


class Generator(nn.Module):
    """Latents [B,L] and labels [B] (None when unlabelled) -> images [B,C,H,W] in [-1, 1].

    Most width lies at 4 to 16 px, with one transposed convolution at each finer level, as two CPU cores like it.
    """

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        labelled = len(recipe.classes)
        self.embed = nn.Embedding(labelled, EMBEDDING) if labelled else None
        condition = recipe.latent_dim + (EMBEDDING if labelled else 0)
        self.size = recipe.resolution >> len(recipe.widths)
        self.root = nn.Linear(condition, recipe.widths[0] * self.size**2)
        self.start = Modulation(recipe.widths[0], condition)
        pairs = enumerate(pairwise(recipe.widths), 1)
        self.ups = nn.ModuleList(Up(i, o, self.size << n, condition, recipe.body) for n, (i, o) in pairs)
        self.to_image = _enlargement(recipe.body, recipe.widths[-1], recipe.channels, last=True)
        self.apply(_smooth_ups)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        condition = latents / latents.square().mean(dim=1, keepdim=True).add(1e-8).sqrt()
        if self.embed is not None:
            condition = torch.cat([condition, self.embed(labels)], dim=1)
        x = self.root(condition).unflatten(1, (-1, self.size, self.size))  # [B,W*4*4] -> [B,W,4,4]
        x = self.start(x.contiguous(memory_format=torch.channels_last), condition)
        for up in self.ups:
            x = up(x, condition)
        # The last layer stays in float32: bfloat16 has fewer steps than 8-bit pixels have.
        with torch.autocast(x.device.type, enabled=False):
            return torch.tanh(self.to_image(x.float()))


class Down(nn.Module):
    """Halves the side: a strided convolution beside an averaging shortcut."""

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width, 4, 2, 1)
        self.skip = nn.Conv2d(width_in, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        main = F.leaky_relu(self.conv(x), 0.2)
        return (main + self.skip(F.avg_pool2d(x, 2))) * math.sqrt(0.5)


class Discriminator(nn.Module):
    """Images [B,C,H,W] in [-1, 1] and labels [B] -> scores [B]. No normalisation; class by projection
    (Miyato & Koyama, 2018); minibatch standard deviation at the coarsest level (Karras et al., 2018)."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        widths = recipe.widths[::-1]
        self.group = recipe.mbstd_group
        self.from_image = nn.Conv2d(recipe.channels, widths[0], 4, 2, 1)
        self.downs = nn.ModuleList(Down(i, o) for i, o in pairwise(widths))
        self.conv = nn.Conv2d(widths[-1], widths[-1], 3, 1, 1)
        size = recipe.resolution >> len(widths)
        self.dense = nn.Linear(widths[-1] * size**2, widths[-1])
        self.spread = nn.Linear(1, widths[-1], bias=False) if self.group else None
        self.score = nn.Linear(widths[-1], 1)
        self.project = nn.Embedding(len(recipe.classes), widths[-1]) if recipe.classes else None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        x = F.leaky_relu(self.from_image(images), 0.2)
        for down in self.downs:
            x = down(x)
        x = F.leaky_relu(self.conv(x), 0.2)
        x = x.movedim(1, -1)  # [B,W,4,4] -> [B,4,4,W], as it lies in memory, so that its gradient does too
        h = self.dense(x.flatten(1)).float()  # [B,4,4,W] -> [B,W]
        with torch.autocast(x.device.type, enabled=False):
            if self.spread is not None:
                h = h + self.spread(batch_deviation(x, self.group))
            x = F.leaky_relu(h, 0.2)
            scores = self.score(x).squeeze(1)
            if self.project is not None:
                scores = scores + (self.project(labels) * x).sum(1) / math.sqrt(x.shape[1])
            return scores


def batch_deviation(x: Tensor, group: int) -> Tensor:
    """[B,...] -> [B,1]: how much the groups of `group` neighbours in the batch differ (Karras et al., 2018)."""
    y = x.float().flatten(1).unflatten(0, (-1, math.gcd(len(x), group)))  # [B,H,W,C] -> [B/g,g,H*W*C]
    deviation = ((y - y.mean(dim=1, keepdim=True)).square().mean(dim=1) + 1e-8).sqrt().mean(dim=1)  # [B/g]
    return deviation.repeat_interleave(y.shape[1])[:, None]


def build_generator(recipe: Recipe) -> nn.Module:
    """A fresh generator; its weights depend on the recipe's seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return dcgan.Generator(recipe) if recipe.body == "dcgan" else Generator(recipe)


def build_discriminator(recipe: Recipe) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed + 1)
        if recipe.body == "dcgan":
            return dcgan.Discriminator(recipe)
        net = Discriminator(recipe)
        net.apply(_keep_variance)
        return net


def _smooth_ups(module: nn.Module) -> None:
    """Transposed convolutions start out as bilinear enlargement; from a random start they leave checkerboards."""
    if isinstance(module, nn.ConvTranspose2d):
        line = torch.tensor([0.25, 0.75, 0.75, 0.25])
        mixing = torch.randn(*module.weight.shape[:2], 1, 1) / math.sqrt(module.in_channels)
        module.weight.data = mixing * line[:, None] * line
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _keep_variance(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, a=0.2)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
