"""How alike two sets are, from rows of features: every figure beside what other real images score at the same n."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from generation.engine.data import Labels
from generation.engine.metrics.classifying import accuracy, two_sample
from generation.engine.metrics.encoder import DESCRIBED, describe, embed
from generation.engine.metrics.features import Floats, Pixels
from generation.engine.metrics.likeness import LEAST_FOR_NEIGHBOURS, Estimate, coverage, kid, recall
from generation.engine.metrics.similar import similar_rate, usual_reach
from generation.engine.metrics.swd import subsample
from generation.engine.metrics.textures import textures

MAX_DESCRIBED = 1_000
LEAST_DESCRIBED = 20
LEAST_OF_A_CLASS = 5

Section = dict[str, Any]  # Any: JSON values


@dataclass(frozen=True)
class Described:
    """As many real, generated and other real images, as rows of features."""

    real: Floats
    fake: Floats
    others: Floats

    @classmethod
    def of(cls, real: Pixels, fake: Pixels, train: Pixels | None, seed: int) -> Described:
        random = np.random.default_rng(seed)
        ours, others = (real, train) if train is not None else halves(real, random)
        count = min(len(ours), len(others), len(fake), MAX_DESCRIBED)
        return cls(*(_rows(subsample(images, count, random)) for images in (ours, fake, others)))

    def __len__(self) -> int:
        return len(self.real)

    def by_encoder(self) -> Described:
        """Without the textures, which have no say in neighbourhoods."""
        return Described(*(rows[:, :DESCRIBED] for rows in (self.real, self.fake, self.others)))


def halves(real: Pixels, random: np.random.Generator) -> tuple[Pixels, Pixels]:
    order = random.permutation(len(real))
    return real[order[: len(real) // 2]], real[order[len(real) // 2 :]]


def _rows(pixels: Pixels) -> Floats:
    return np.concatenate([describe(pixels), textures(pixels)], axis=1)


def compared(rows: Described, compared_with: str, seed: int) -> Section:
    """KID and the two-sample test with intervals, recall and coverage."""
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


def similar(real: Pixels, fake: Pixels, compared_with: str, seed: int) -> Section:
    """How many generated images have another as near as one real image in a hundred has, at the same n."""
    random = np.random.default_rng(seed)
    count = min(len(real), len(fake), MAX_DESCRIBED)
    about: Section = {"compared_with": compared_with, "n": count}
    if count < LEAST_FOR_NEIGHBOURS // 2:
        return about | {"too_few": True, "least": LEAST_FOR_NEIGHBOURS // 2}
    ours, theirs = (embed(subsample(images, count, random)) for images in (real, fake))
    reach = usual_reach(ours)
    return about | {"rate": similar_rate(theirs, reach), "rate_of_real": similar_rate(ours, reach)}


def usefulness(real: Pixels, real_labels: Labels, fake: Pixels, fake_labels: Labels, compared_with: str) -> Section:
    """Learnt on generated images, tested on real ones; beside it, learnt on one half of the real and tested on the
    other with as many images."""
    half = len(real) // 2
    if min(np.unique(real_labels, return_counts=True)[1], default=0) < LEAST_OF_A_CLASS:
        return {"compared_with": compared_with, "n": len(real), "too_few": True, "least": LEAST_OF_A_CLASS}
    order = np.random.default_rng(0).permutation(len(real))
    rows, labels = describe(real[order]), real_labels[order]
    made = np.random.default_rng(1).permutation(len(fake))[: min(len(fake), half)]
    test = (rows[half:], labels[half:])
    return {
        "compared_with": compared_with,
        "n": len(made),
        "tested_on": len(real) - half,
        **_estimate(accuracy(describe(fake[made]), fake_labels[made], *test)),
        "of_real": accuracy(rows[: len(made)], labels[: len(made)], *test).value,
    }


def _estimate(estimate: Estimate) -> Section:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
