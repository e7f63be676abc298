from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from generation.engine.data import Labels
from generation.engine.metrics.classifying import accuracy, two_sample
from generation.engine.metrics.copies import CopyDetector
from generation.engine.metrics.copying import c_t
from generation.engine.metrics.encoder import DESCRIBED, describe, embed
from generation.engine.metrics.features import Floats, Pixels
from generation.engine.metrics.likeness import LEAST_FOR_NEIGHBOURS, Estimate, coverage, kid, recall
from generation.engine.metrics.similar import similar_rate, usual_reach
from generation.engine.metrics.swd import subsample, swd
from generation.engine.metrics.textures import textures

MAX_COMPARED = 2_000
MAX_DESCRIBED = 1_000
LEAST_DESCRIBED = 20
WORST_PAIRS = 8

Section = dict[str, Any]  # Any: JSON values


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
    seed: int = 0,
) -> Section:
    """What can be said about `fake`, all uint8 [N,H,W,C]; every figure names what it was compared with.

    `real` is for likeness: held-out images if there are any. `train` is for copies: the images the generator saw
    (by default `real`). `compared_with` is "holdout" or "train". Labels, int64 of `real` and `fake`, add what a
    classifier that learnt from `fake` makes of `real`.
    """
    compared_with = compared_with or ("train" if train is None else "holdout")
    detector = detector or CopyDetector.fit(real if train is None else train, holdout)
    report: Section = {
        "images": len(fake),
        "likeness": _likeness(real, fake, train, compared_with, seed),
        "copies": _copies(fake, detector),
        "duplicates": _duplicates(fake),
    }
    report |= _described(Described.of(real, fake, train, seed), compared_with, seed)
    report["copies"]["c_t"] = _copying(real, fake, train, seed)
    report["similar"] = _similar(real, fake, compared_with, seed)
    if real_labels is not None and fake_labels is not None:
        report["usefulness"] = _usefulness(real, real_labels, fake, fake_labels, compared_with)
    return report


@dataclass(frozen=True)
class Described:
    """As many real, generated and other real images, as rows of features."""

    real: Floats
    fake: Floats
    others: Floats

    @classmethod
    def of(cls, real: Pixels, fake: Pixels, train: Pixels | None, seed: int) -> Described:
        random = np.random.default_rng(seed)
        ours, others = (real, train) if train is not None else _halves(real, random)
        count = min(len(ours), len(others), len(fake), MAX_DESCRIBED)
        return cls(*(_rows(subsample(images, count, random)) for images in (ours, fake, others)))

    def __len__(self) -> int:
        return len(self.real)

    def by_encoder(self) -> Described:
        """Without the textures, which have no say in neighbourhoods."""
        return Described(*(rows[:, :DESCRIBED] for rows in (self.real, self.fake, self.others)))


def _rows(pixels: Pixels) -> Floats:
    return np.concatenate([describe(pixels), textures(pixels)], axis=1)


def _described(rows: Described, compared_with: str, seed: int) -> Section:
    """KID and the two-sample test with intervals, recall and coverage, beside what other real images score."""
    about = {"compared_with": compared_with, "n": len(rows)}
    if len(rows) < LEAST_DESCRIBED:
        return {name: about | {"too_few": True} for name in ("kid", "two_sample", "diversity")}
    found: Section = {"diversity": about | _diversity(rows.by_encoder())}
    for name, of, used in (("kid", kid, rows.by_encoder()), ("two_sample", two_sample, rows)):
        floor = of(used.real, used.others, seed=seed).value
        found[name] = about | _estimate(of(used.real, used.fake, seed=seed)) | {"floor": floor}
    return found


def _diversity(rows: Described) -> Section:
    if len(rows) < LEAST_FOR_NEIGHBOURS:
        return {"too_few": True, "least": LEAST_FOR_NEIGHBOURS}
    return {
        "recall": recall(rows.real, rows.fake),
        "recall_of_real": recall(rows.real, rows.others),
        "coverage": coverage(rows.real, rows.fake),
        "coverage_of_real": coverage(rows.real, rows.others),
    }


def _estimate(estimate: Estimate) -> Section:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _copying(real: Pixels, fake: Pixels, train: Pixels | None, seed: int) -> float | None:
    """C_T, where images were held out."""
    if train is None or len(real) < LEAST_FOR_NEIGHBOURS // 2:
        return None
    random = np.random.default_rng(seed)
    return c_t(*(embed(subsample(i, min(len(i), MAX_COMPARED), random)) for i in (train, real, fake)), seed=seed)


def _similar(real: Pixels, fake: Pixels, compared_with: str, seed: int) -> Section:
    """How many generated images have another as near as one real image in a hundred has, at the same n."""
    random = np.random.default_rng(seed)
    count = min(len(real), len(fake), MAX_DESCRIBED)
    ours, theirs = (embed(subsample(images, count, random)) for images in (real, fake))
    if count < LEAST_FOR_NEIGHBOURS // 2:
        return {"compared_with": compared_with, "n": count, "too_few": True}
    reach = usual_reach(ours)
    rates = {"rate": similar_rate(theirs, reach), "rate_of_real": similar_rate(ours, reach)}
    return {"compared_with": compared_with, "n": count} | rates


def _usefulness(real: Pixels, real_labels: Labels, fake: Pixels, fake_labels: Labels, compared_with: str) -> Section:
    """Learnt on generated images, tested on real ones; beside it, learnt on one half of the real and tested on the
    other with as many images."""
    half = len(real) // 2
    order = np.random.default_rng(0).permutation(len(real))
    rows, labels = describe(real)[order], real_labels[order]
    made = np.random.default_rng(1).permutation(len(fake))[: min(len(fake), half)]
    test = (rows[half:], labels[half:])
    return {
        "compared_with": compared_with,
        "n": len(made),
        **_estimate(accuracy(describe(fake[made]), fake_labels[made], *test)),
        "of_real": accuracy(rows[: len(made)], labels[: len(made)], *test).value,
    }


def _likeness(real: Pixels, fake: Pixels, train: Pixels | None, compared_with: str, seed: int) -> Section:
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
