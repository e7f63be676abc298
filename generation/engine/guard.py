"""Whether a training run is well. Figures in, findings out: nothing here looks at a network or a clock.

Overfitting is met with more augmentation and a stronger gradient penalty. Collapse, divergence and values that are no
numbers are met by going back to the newest good snapshot, more slowly; the third time the run ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import isfinite
from statistics import median
from typing import Any, Self

OVERFITTING, COLLAPSE, DIVERGENCE, NOT_FINITE = "overfitting", "collapse", "divergence", "not-finite"

MAX_STRIKES = 3
SLOWER = 0.5
MORE_AUGMENTATION = 0.1
STRONGER_PENALTY, STRONGEST_PENALTY = 2.0, 8.0

# Overfitting: the discriminator tells images it learnt from those it never saw, and what is generated gets no better.
# Either alone is no harm: in sound runs on 1,000 images r_v went up to 0.65 while the score still improved.
MOST_R_V = 0.5
# Where no images are held out: it is sure of nearly all it learnt although augmentation can do no more.
MOST_R_T = 0.95
OVERFITTED_EVALUATIONS = 2

# Collapse: images differ from each other far less than real ones, or most have a twin among them. After 8 to 36 kimg
# of photographs, 23 sound runs had a diversity from 0.73 up and at most 0.14 twins; one that collapsed had 0.95 twins.
LEAST_DIVERSITY = 0.5
MOST_TWINS = 0.5
COLLAPSED_EVALUATIONS = 2
# Networks draw alike images before they have learnt; that is no collapse, unless they had drawn unlike ones.
GRACE_EVALUATIONS, GRACE_KIMG = 2, 20.0

# Divergence: the score is far from the best for some evaluations, or losses or the penalty are far above their medians.
FAR_WORSE, WORSE_BY = 1.5, 0.5
WORSE_EVALUATIONS = 3
WILD = 10.0
WILD_READINGS = 4
REMEMBERED, ENOUGH_REMEMBERED = 32, 8


@dataclass(frozen=True)
class Reading:
    """What a step shows by itself: the sum of both losses, the R1 penalty, and whether all weights are numbers."""

    loss: float
    penalty: float
    finite: bool

    @property
    def is_finite(self) -> bool:
        return self.finite and isfinite(self.loss) and isfinite(self.penalty)


@dataclass(frozen=True)
class Evaluation:
    """What looking at the averaged generator's images shows.

    `score` is their distance from held-out images, 0 at best, None where none are held out. `r_v` is how much of the
    way from generated to learnt images the held-out ones lack in the discriminator's scores (Karras et al., 2020),
    `r_v_error` its standard error. `diversity` is the mean distance between two images, `twins` the share with another
    as near as one real image in a hundred has; both beside real images, for which they are 1 and 0.01.
    """

    score: float | None
    diversity: float
    twins: float
    r_v: float | None = None
    r_v_error: float = 0.0
    r_t: float = 0.0
    kimg: float = 0.0
    swd: float | None = None
    swd_floor: float | None = None


@dataclass(frozen=True)
class Condition:
    """What is remembered of a run: enough to go on judging it after a stop."""

    evaluations: int = 0
    strikes: int = 0
    lr_factor: float = 1.0
    gamma_factor: float = 1.0
    augment_floor: float = 0.0
    was_diverse: bool = False
    best_score: float | None = None
    given_up: str = ""
    losses: tuple[float, ...] = ()
    penalties: tuple[float, ...] = ()
    # How many times in a row.
    wild: int = 0
    worse: int = 0
    collapsed: int = 0
    overfitted: int = 0

    def to_dict(self) -> dict[str, Any]:  # Any: numbers, a string, lists of numbers
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        remembered: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**remembered)


def after_reading(condition: Condition, reading: Reading) -> tuple[Condition, str]:
    """-> the condition from now on, and what was found: NOT_FINITE, DIVERGENCE or nothing."""
    if not reading.is_finite:
        return condition, NOT_FINITE
    if _is_wild(condition, reading):
        condition = replace(condition, wild=condition.wild + 1)
        return condition, DIVERGENCE if condition.wild >= WILD_READINGS else ""
    losses, penalties = (*condition.losses, reading.loss), (*condition.penalties, reading.penalty)
    return replace(condition, wild=0, losses=losses[-REMEMBERED:], penalties=penalties[-REMEMBERED:]), ""


def after_evaluation(condition: Condition, evaluation: Evaluation, *, at_limit: bool) -> tuple[Condition, str]:
    """-> the condition from now on, and what was found: COLLAPSE, DIVERGENCE, OVERFITTING or nothing.

    `at_limit` says that augmentation is as strong as it may become.
    """
    number = condition.evaluations + 1
    alike = is_alike(evaluation)
    may_collapse = number > GRACE_EVALUATIONS and (condition.was_diverse or evaluation.kimg >= GRACE_KIMG)
    condition = replace(
        condition,
        evaluations=number,
        was_diverse=condition.was_diverse or not alike,
        collapsed=condition.collapsed + 1 if alike and may_collapse else 0,
        worse=condition.worse + 1 if _is_far_worse(condition, evaluation) else 0,
        overfitted=condition.overfitted + 1 if _is_overfitted(condition, evaluation, at_limit) else 0,
    )
    if condition.collapsed >= COLLAPSED_EVALUATIONS:
        return condition, COLLAPSE
    if condition.worse >= WORSE_EVALUATIONS:
        return condition, DIVERGENCE
    return condition, OVERFITTING if condition.overfitted >= OVERFITTED_EVALUATIONS else ""


def adjusted(condition: Condition, finding: str, *, p: float, limit: float) -> Condition:
    """What follows from a finding. `p` is the strength of augmentation now, `limit` the most it may be."""
    floor = min(limit, max(p, condition.augment_floor) + MORE_AUGMENTATION)
    if finding == OVERFITTING:
        gamma = min(STRONGEST_PENALTY, condition.gamma_factor * STRONGER_PENALTY)
        return replace(condition, gamma_factor=gamma, augment_floor=floor, overfitted=0)
    strikes = condition.strikes + 1
    return replace(
        condition,
        strikes=strikes,
        lr_factor=condition.lr_factor * SLOWER,
        augment_floor=floor,
        given_up=finding if strikes >= MAX_STRIKES else "",
        wild=0,
        worse=0,
        collapsed=0,
        overfitted=0,
    )


def is_best(condition: Condition, evaluation: Evaluation, *, first: bool) -> bool:
    """Whether a snapshot of now is better to have than the one before; without a score, whether it is sound.

    `condition` is that after this evaluation. `first`: there is none before, and any is better than none.
    """
    if condition.wild:
        return False
    if first:
        return evaluation.score is None or isfinite(evaluation.score)
    if condition.collapsed:
        return False
    return evaluation.score is None or condition.best_score is None or evaluation.score <= condition.best_score


def is_alike(evaluation: Evaluation) -> bool:
    return evaluation.diversity < LEAST_DIVERSITY or evaluation.twins > MOST_TWINS


def _is_far_worse(condition: Condition, evaluation: Evaluation) -> bool:
    if evaluation.score is None or condition.best_score is None:
        return False
    return not evaluation.score <= FAR_WORSE * condition.best_score + WORSE_BY


def _is_overfitted(condition: Condition, evaluation: Evaluation, at_limit: bool) -> bool:
    if evaluation.r_v is None:
        return at_limit and evaluation.r_t > MOST_R_T
    return evaluation.r_v - 2 * evaluation.r_v_error > MOST_R_V and not _improves(condition, evaluation)


def _improves(condition: Condition, evaluation: Evaluation) -> bool:
    if evaluation.score is None or condition.best_score is None:
        return False
    return evaluation.score <= condition.best_score


def _is_wild(condition: Condition, reading: Reading) -> bool:
    if len(condition.losses) < ENOUGH_REMEMBERED:
        return False
    return reading.loss > WILD * median(condition.losses) or reading.penalty > WILD * median(condition.penalties) > 0
