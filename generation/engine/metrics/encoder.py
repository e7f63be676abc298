"""The small network in whose spaces images are compared; `train_encoder` makes its weights from drawn images alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from generation.engine.metrics import weights
from generation.engine.metrics.features import Floats, Pixels, flattened

SIDE = 64
WIDTHS = (24, 48, 96, 192)
EMBEDDED = 128
DESCRIBED = 128
BATCH = 128
FILE = Path(__file__).with_name("encoder.safetensors")


class Network(nn.Module):
    """`embed` is for likeness of two images, whatever was done to them; `describe` is for likeness of two sets."""

    centre: Tensor
    axes: Tensor

    def __init__(self) -> None:
        super().__init__()
        widths = (3, *WIDTHS)
        self.stages = nn.ModuleList(
            _stage(before, width, 5 if n == 0 else 3)
            for n, (before, width) in enumerate(zip(widths, WIDTHS, strict=False))
        )
        self.head = nn.Linear(WIDTHS[-1] * 16, EMBEDDED)
        described = 2 * sum(WIDTHS) + 4 * WIDTHS[-1]
        self.register_buffer("centre", torch.zeros(described))
        self.register_buffer("axes", torch.zeros(described, DESCRIBED))

    def forward(self, images: Tensor) -> Tensor:
        """Images [B,3,64,64] in [-1, 1] -> their places on the unit sphere [B,128]."""
        for stage in self.stages:
            images = stage(images)
        return F.normalize(self.head(images.flatten(1)), dim=1)

    def statistics(self, images: Tensor) -> Tensor:
        """[B,3,64,64] -> mean and deviation of every map, and the last maps' means by quarter, [B,F]."""
        parts = []
        for stage in self.stages:
            images = stage(images)
            deviation, mean = torch.std_mean(images, dim=(2, 3))
            parts += [mean, deviation]
        return torch.cat([*parts, F.adaptive_avg_pool2d(images, 2).flatten(1)], dim=1)

    def describe(self, images: Tensor) -> Tensor:
        """The statistics on the axes along which drawn images vary, each to the same degree: [B,128]."""
        return (self.statistics(images) - self.centre) @ self.axes


def embed(pixels: Pixels) -> Floats:
    """uint8 [N,H,W,C] -> float32 [N,128] of length 1; shifted, zoomed, recoloured copies lie near each other."""
    return _in_batches(pixels, network().forward)


def describe(pixels: Pixels) -> Floats:
    """uint8 [N,H,W,C] -> float32 [N,128] that also tell how sharp, noisy and textured an image is."""
    return _in_batches(pixels, network().describe)


@cache
def network() -> Network:
    """Raises weights.WeightsError where the weights are missing or damaged."""
    net = Network()
    net.load_state_dict(weights.read(FILE))
    net.eval()
    net.stages = nn.ModuleList(_fused(stage) for stage in net.stages)
    return net


def to_tensor(pixels: Pixels) -> Tensor:
    """uint8 [N,H,W,C] with C 1, 3 or 4 -> float [N,3,64,64] in [-1, 1]."""
    images = torch.from_numpy(flattened(pixels)).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    if images.shape[1] == 1:
        images = images.contiguous()
    if min(images.shape[2:]) > SIDE:
        images = F.interpolate(images, (SIDE, SIDE), mode="area")
    elif images.shape[2:] != (SIDE, SIDE):
        images = F.interpolate(images, (SIDE, SIDE), mode="bilinear", align_corners=False)
    return images.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def _in_batches(pixels: Pixels, encode: Callable[[Tensor], Tensor]) -> Floats:
    with torch.inference_mode():
        parts = [encode(to_tensor(pixels[n : n + BATCH])) for n in range(0, len(pixels), BATCH)]
    return torch.cat(parts).numpy() if parts else torch.empty(0, EMBEDDED).numpy()


def _fused(stage: nn.Module) -> nn.Sequential:
    """The normalisation taken into the convolution before it: the same figures in fewer steps."""
    convolution, normalisation, relu = stage.children()
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(normalisation, nn.BatchNorm2d)
    return nn.Sequential(fuse_conv_bn_eval(convolution, normalisation), relu)


def _stage(before: int, width: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, width, kernel, 2, kernel // 2, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
    )
