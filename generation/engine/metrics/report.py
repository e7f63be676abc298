from __future__ import annotations

import numpy as np

from generation.engine.data import Labels
from generation.engine.metrics.copies import CopyDetector
from generation.engine.metrics.copying import c_t
from generation.engine.metrics.described import Described, Section, compared, halves, similar, usefulness
from generation.engine.metrics.encoder import embed
from generation.engine.metrics.features import Pixels, flattened
from generation.engine.metrics.inception import Inception, compared_by_inception
from generation.engine.metrics.swd import subsample, swd_of_each

MAX_COMPARED = 2_000
LEAST_FOR_COPYING = 100
WORST_PAIRS = 8


def quality_report(
    real: Pixels,
    fake: Pixels,
    *,
    train: Pixels | None = None,
    holdout: Pixels | None = None,
    detector: CopyDetector | None = None,
    compared_with: str | None = None,
    real_labels: Labels | None = None,
    fake_labels: Labels | None = None,
    inception: Inception | None = None,
    seed: int = 0,
) -> Section:
    """What can be said about `fake`, all uint8 [N,H,W,C]; every figure names what it was compared with.

    `real` is for likeness: held-out images if there are any. `train` is for copies: the images the generator saw
    (by default `real`). `compared_with` is "holdout" or "train". Labels, int64 of `real` and `fake`, add what a
    classifier that learnt from `fake` makes of `real`; `inception` adds FID and KID in its features.
    """
    real, fake = flattened(real), flattened(fake)
    train = None if train is None else flattened(train)
    compared_with = compared_with or ("train" if train is None else "holdout")
    detector = detector or _detector(real, train, holdout)
    report: Section = {
        "images": len(fake),
        "likeness": _likeness(real, fake, train, compared_with, seed),
        "copies": _copies(fake, detector) | {"c_t": _copying(real, fake, train, seed)},
        "duplicates": _duplicates(fake),
        "similar": similar(real, fake, compared_with, seed),
    }
    report |= compared(Described.of(real, fake, train, seed), compared_with, seed)
    if real_labels is not None and fake_labels is not None:
        report["usefulness"] = usefulness(real, real_labels, fake, fake_labels, compared_with)
    if inception is not None:
        report["inception"] = compared_by_inception(inception, real, fake, compared_with)
    return report


def _detector(real: Pixels, train: Pixels | None, holdout: Pixels | None) -> CopyDetector:
    if train is None:
        return CopyDetector.fit(real, holdout)
    return CopyDetector.fit(train, real if holdout is None else holdout)


def _copying(real: Pixels, fake: Pixels, train: Pixels | None, seed: int) -> float | None:
    """C_T, where images were held out."""
    if train is None or len(real) < LEAST_FOR_COPYING:
        return None
    random = np.random.default_rng(seed)
    return c_t(*(embed(subsample(i, min(len(i), MAX_COMPARED), random)) for i in (train, real, fake)), seed=seed)


def _likeness(real: Pixels, fake: Pixels, train: Pixels | None, compared_with: str, seed: int) -> Section:
    """SWD at some n, and its floor: what real images score against other real images at the same n."""
    random = np.random.default_rng(seed)
    ours, others = (real, train) if train is not None else halves(real, random)
    count = min(len(ours), len(others), len(fake), MAX_COMPARED)
    sample, *sets = (subsample(images, count, random) for images in (ours, fake, others))
    distance, floor = swd_of_each(sample, sets, seed=seed)
    return {"compared_with": compared_with, "n": count, "swd": distance, "swd_floor": floor}


def _copies(fake: Pixels, detector: CopyDetector) -> Section:
    distances, sources = detector.distance(fake)
    found = detector.is_copy(distances)
    worst = np.argsort(distances)[:WORST_PAIRS]
    return {
        "compared_with": "train",
        "calibration": detector.calibration,
        "threshold": detector.threshold,
        "twins": round(detector.twins, 4),
        "found": int(found.sum()),
        "rate": float(found.mean()),
        "nearest": [
            {"image": int(i), "source": int(sources[i]), "distance": round(float(distances[i]), 4)} for i in worst
        ],
    }


def _duplicates(fake: Pixels) -> Section:
    distinct = len({image.tobytes() for image in fake})
    return {"compared_with": "each other", "identical": len(fake) - distinct, "rate": 1 - distinct / len(fake)}
