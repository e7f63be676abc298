"""A small classifier that tells whether labelled samples show what they were made for."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from generation.engine.data import ImageSet, Labels
from generation.engine.pictures import Pixels


class Classifier:
    """Learns the classes of a labelled image set in some seconds; `name` then labels any images of that size."""

    def __init__(self, images: ImageSet, *, epochs: int = 12, batch: int = 64, seed: int = 0) -> None:
        if images.labels is None:
            raise ValueError("a classifier needs labelled images")
        self.classes = images.classes
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.net = _network(images.channels, len(images.classes))
            self._learn(_to_tensor(images.pixels), torch.from_numpy(images.labels), epochs, batch)

    def name(self, pixels: Pixels) -> Labels:
        """uint8 [N,H,W,C] -> class numbers [N]."""
        with torch.inference_mode():
            parts = [self.net(part).argmax(dim=1) for part in _to_tensor(pixels).split(256)]
        return torch.cat(parts).numpy()

    def accuracy(self, images: ImageSet) -> float:
        return float(np.mean(self.name(images.pixels) == images.labels))

    def _learn(self, pixels: Tensor, labels: Tensor, epochs: int, batch: int) -> None:
        adam = torch.optim.Adam(self.net.parameters(), lr=2e-3, fused=True)
        steps = epochs * -(-len(pixels) // batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 4e-3, total_steps=steps)
        for _ in range(epochs):
            for chosen in torch.randperm(len(pixels)).split(batch):
                adam.zero_grad()
                F.cross_entropy(self.net(pixels[chosen]), labels[chosen]).backward()
                adam.step()
                schedule.step()
        self.net.eval()


def _network(channels: int, classes: int) -> nn.Module:
    layers: list[nn.Module] = []
    for width_in, width in ((channels, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(width_in, width, 3, 2, 1), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(64 * 16, classes))


def _to_tensor(pixels: Pixels) -> Tensor:
    """uint8 [N,H,W,C] -> float [N,C,H,W] in [-1, 1]."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(127.5).sub(1)
