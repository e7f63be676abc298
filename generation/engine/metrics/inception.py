"""FID and KID with the Inception network of 2015, whose weights an operator supplies; they are never fetched."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from generation.engine.metrics import weights
from generation.engine.metrics.features import Floats, Pixels, flattened
from generation.engine.metrics.likeness import Numbers, kid

# The file is published as weights-inception-2015-12-05-6726825d.pth and pt_inception-2015-12-05-6726825d.pth.
SHA256 = "6726825d"
SIDE = 299
CLASSES = 1008
BATCH = 32


@dataclass(frozen=True)
class Inception:
    """Turns images into the 2048 numbers that FID is defined on."""

    net: nn.Module

    @classmethod
    def of(cls, path: Path, sha256: str = SHA256) -> Inception:
        """Raises weights.WeightsError where the file is missing or not the one that FID is defined on."""
        content = io.BytesIO(weights.checked(path, sha256))
        net = network()
        net.load_state_dict(torch.load(content, map_location="cpu", weights_only=True), strict=False)
        return cls(net)

    def __call__(self, pixels: Pixels) -> Floats:
        """uint8 [N,H,W,C] -> float32 [N,2048]"""
        pixels = flattened(pixels)
        with torch.inference_mode():
            parts = [self.net(_to_tensor(pixels[n : n + BATCH])) for n in range(0, len(pixels), BATCH)]
        return torch.cat(parts).numpy()


def compared_by_inception(encode: Inception, real: Pixels, fake: Pixels, compared_with: str) -> dict[str, Any]:
    """FID, and KID with its interval: the names that others know, with the features that they mean. JSON values."""
    rows = encode(real), encode(fake)
    found = kid(*rows)
    about = {"compared_with": compared_with, "n_real": len(real), "n": len(fake)}
    return about | {"fid": fid(*rows), "kid": {"value": found.value, "low": found.low, "high": found.high}}


def fid(real: Floats, fake: Floats) -> float:
    """Frechet distance of the Gaussians through two sets of rows (Heusel et al., 2017)."""
    means = [rows.mean(axis=0, dtype=np.float64) for rows in (real, fake)]
    spreads = [np.cov(rows.astype(np.float64), rowvar=False) for rows in (real, fake)]
    # The trace of the root of AB is that of the root of (root A) B (root A), which is symmetric.
    root = _root(spreads[0])
    mixed = np.linalg.eigvalsh(root @ spreads[1] @ root).clip(min=0)
    traces = np.trace(spreads[0]) + np.trace(spreads[1]) - 2 * np.sqrt(mixed).sum()
    return float(np.square(means[0] - means[1]).sum() + traces)


def _root(matrix: Numbers) -> Numbers:
    """Of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh(matrix)
    root: Numbers = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root


def network() -> nn.Module:
    """Torchvision's Inception v3 with the pooling of the network of 2015, up to the last average."""
    models = import_torchvision().models.inception
    net = models.Inception3(num_classes=CLASSES, aux_logits=False, transform_input=False, init_weights=False)
    for name, block in net.named_children():
        if name == "Mixed_7c":
            _pool_greatest(block)
        elif hasattr(block, "branch_pool"):
            block.branch_pool.register_forward_pre_hook(_average_inside)
    net.fc = nn.Identity()
    return net.eval()


def _average_inside(_: nn.Module, arguments: tuple[Tensor]) -> Tensor:
    """Torchvision's average over 3 by 3 counts the zeros beyond the rim; the network of 2015 does not."""
    ones = torch.ones_like(arguments[0][:1, :1])
    return arguments[0] / F.avg_pool2d(ones, kernel_size=3, stride=1, padding=1)


def _pool_greatest(block: nn.Module) -> None:
    """The last block's pooled branch takes the greatest of 3 by 3 instead of the average."""
    seen: list[Tensor] = []
    block.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    branch = block.get_submodule("branch_pool")
    branch.register_forward_pre_hook(lambda *_: F.max_pool2d(seen.pop(), kernel_size=3, stride=1, padding=1))


def _to_tensor(pixels: Pixels) -> Tensor:
    """uint8 [B,H,W,C] -> [B,3,299,299] in [-1, 1), resized as TensorFlow 1 does, whose grid starts at the corner."""
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().expand(-1, 3, -1, -1)
    rows, columns = _resizer(images.shape[2]), _resizer(images.shape[3])
    return (rows @ images @ columns.T - 128) / 128


def _resizer(side: int) -> Tensor:
    """[299,side]: how much of each pixel goes into each new one."""
    places = torch.arange(SIDE) * side / SIDE
    low = places.floor().long()
    part = (places - low)[:, None]
    eye = torch.eye(side)
    return (1 - part) * eye[low] + part * eye[(low + 1).clamp(max=side - 1)]


def import_torchvision() -> ModuleType:
    """Beside a CPU build of torch, torchvision's compiled part does not load: two names it looks for are given."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name in [m for m in sys.modules if m == "torchvision" or m.startswith("torchvision.")]:
            del sys.modules[name]
        for operator in ("nms", "qnms"):
            _NAMES.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision
    return torchvision


_NAMES = torch.library.Library("torchvision", "FRAGMENT")
