from __future__ import annotations

from typing import Any

import numpy as np

from generation.engine.metrics.copies import CopyDetector
from generation.engine.metrics.features import Pixels
from generation.engine.metrics.swd import subsample, swd

MAX_COMPARED = 2_000
WORST_PAIRS = 8


def quality_report(
    real: Pixels,
    fake: Pixels,
    *,
    train: Pixels | None = None,
    holdout: Pixels | None = None,
    detector: CopyDetector | None = None,
    compared_with: str | None = None,
    seed: int = 0,
) -> dict[str, Any]:  # Any: JSON values
    """What can be said about `fake`, all uint8 [N,H,W,C]; every figure names what it was compared with.

    `real` is for likeness: held-out images if there are any. `train` is for copies: the images the generator saw
    (by default `real`). `compared_with` is "holdout" or "train".
    """
    compared_with = compared_with or ("train" if train is None else "holdout")
    detector = detector or CopyDetector.fit(real if train is None else train, holdout)
    return {
        "images": len(fake),
        "likeness": _likeness(real, fake, train, compared_with, seed),
        "copies": _copies(fake, detector),
        "duplicates": _duplicates(fake),
    }


def _likeness(real: Pixels, fake: Pixels, train: Pixels | None, compared_with: str, seed: int) -> dict[str, Any]:
    """SWD at some n, and its floor: what real images score against other real images at the same n."""
    random = np.random.default_rng(seed)
    ours, others = (real, train) if train is not None else _halves(real, random)
    count = min(len(ours), len(others), len(fake), MAX_COMPARED)
    sample = subsample(ours, count, random)
    return {
        "compared_with": compared_with,
        "n": count,
        "swd": swd(sample, subsample(fake, count, random), seed=seed),
        "swd_floor": swd(sample, subsample(others, count, random), seed=seed),
    }


def _halves(real: Pixels, random: np.random.Generator) -> tuple[Pixels, Pixels]:
    order = random.permutation(len(real))
    return real[order[: len(real) // 2]], real[order[len(real) // 2 :]]


def _copies(fake: Pixels, detector: CopyDetector) -> dict[str, Any]:
    distances, sources = detector.distance(fake)
    found = detector.is_copy(distances)
    worst = np.argsort(distances)[:WORST_PAIRS]
    return {
        "compared_with": "train",
        "calibration": detector.calibration,
        "threshold": round(detector.threshold, 4),
        "found": int(found.sum()),
        "rate": float(found.mean()),
        "nearest": [
            {"image": int(i), "source": int(sources[i]), "distance": round(float(distances[i]), 4)} for i in worst
        ],
    }


def _duplicates(fake: Pixels) -> dict[str, Any]:
    distinct = len({image.tobytes() for image in fake})
    return {"compared_with": "each other", "identical": len(fake) - distinct, "rate": 1 - distinct / len(fake)}
