"""Plain figures of an image that tell sharpness, grain and contrast at once."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from generation.engine.metrics.features import Floats, Pixels, flattened

SCALES = 3
AT_A_TIME = 256


def textures(pixels: Pixels) -> Floats:
    """uint8 [N,H,W,C] -> float32 [N,F]: mean and deviation of each channel, and the logarithms of the usual, the
    middle and the greatest step from pixel to pixel at three sizes."""
    pixels = flattened(pixels)
    with torch.inference_mode():
        parts = [_textures(torch.from_numpy(pixels[n : n + AT_A_TIME])) for n in range(0, len(pixels), AT_A_TIME)]
    return torch.cat(parts).numpy()


def _textures(pixels: Tensor) -> Tensor:
    images = pixels.permute(0, 3, 1, 2).float()
    deviation, mean = torch.std_mean(images, dim=(2, 3))
    columns = [mean, deviation]
    light = images.mean(dim=1, keepdim=True)
    for _ in range(SCALES):
        steps = torch.cat([light.diff(dim=2).abs().flatten(1), light.diff(dim=3).abs().flatten(1)], dim=1)
        figures = torch.stack([steps.mean(dim=1), steps.median(dim=1).values, steps.amax(dim=1)], dim=1)
        columns.append(figures.log1p())
        light = F.avg_pool2d(light, 2)
    return torch.cat(columns, dim=1)
