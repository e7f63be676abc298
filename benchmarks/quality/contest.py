"""Preset `standard` against preset `paper`: time to the same quality, quality in the same time, and 100 images.

Wall time is images shown divided by the speed measured here, both presets in turn, and includes what the run spends on
validating itself. So trained generators can be kept, and a busy machine does not count against either side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np

from benchmarks.bars import Bar
from benchmarks.quality.judging import Verdict, flagged, kid_gap
from benchmarks.quality.runs import CPU, MARK, Split, Trained, after, delivered
from benchmarks.sets import VARIABLE
from benchmarks.training_speed import in_turn
from generation.engine.sheets import save_sheet
from generation.engine.trainer import Trainer

SEEDS = (0, 1, 2)
SOURCES, FEW = 1000, 100
# What `standard` is given, in kimg, so that it ends within a fifth of the time of the paper's 150 epochs.
BUDGET = {"clothing_dev": 70.0, "fashion_mnist": 80.0, "noto_emoji": 50.0}
FEW_BUDGET = 50.0
# For the eye, which asks for more than the figures do: still well within that fifth.
LONGER = {"clothing_dev": 160.0}
PAPER_KIMG = 150 * 5 * SOURCES / 1000
SHEETS = Path(__file__).parents[1] / "results" / "sheets"


@dataclass(frozen=True)
class Clock:
    """Images per second of both presets' networks, and so how long a run takes."""

    standard: float
    paper: float

    @classmethod
    def of(cls, split: Split) -> Clock:
        recipes = {preset: split.recipe(preset, 0) for preset in ("standard", "paper")}
        trainers = {preset: Trainer(split.images, recipe, CPU) for preset, recipe in recipes.items()}
        steps = {preset: trainer.step for preset, trainer in trainers.items()}
        rates = in_turn(steps, 1, rounds=3)
        return cls(*(rates[preset] * recipes[preset].batch for preset in ("standard", "paper")))

    def standard_seconds(self, kimg: float, run: Trained) -> float:
        return 1000 * kimg / self.standard * run.overhead

    def share(self, kimg: float, run: Trained) -> float:
        """Of the time of the paper's 150 epochs."""
        return self.standard_seconds(kimg, run) / (1000 * PAPER_KIMG / self.paper)

    def paper_kimg(self, seconds: float) -> float:
        """The next mark at or after what `paper` has seen by then."""
        return MARK * -(-self.paper * seconds // (1000 * MARK))


def time_to_quality(*, full: bool) -> Iterator[Bar]:
    for name in ("clothing_dev", "fashion_mnist"):
        split = Split.of(name, SOURCES)
        if split is None or not full:
            print(f"{name}: needs FULL=1 and {VARIABLE}")
            continue
        clock, ours = Clock.of(split), delivered(split, "standard", 0, BUDGET[name])
        theirs = after(split, "paper", 0, PAPER_KIMG)
        share = clock.share(BUDGET[name], ours)
        mine, other = Verdict.on(ours, split), Verdict.on(theirs, split)
        detail = f"standard at {BUDGET[name]:g} kimg: {mine}; paper at {PAPER_KIMG:g} kimg: {other}"
        yield Bar(f"{name}: time to the paper's quality, share of the paper's time", share, 0.2, detail=detail)
        yield Bar(f"{name}: SWD above floor by then, against the paper's at its end", mine.swd - other.swd, 0.0)
        gap = mine.two_sample.value - other.two_sample.value
        yield Bar(f"{name}: two-sample score by then, against the paper's at its end", gap, 0.0)
        _sheet(f"{name}-at-the-end", split, ours, theirs)
        if name in LONGER:
            longer = delivered(split, "standard", 0, LONGER[name])
            share = clock.share(LONGER[name], longer)
            print(f"{name}: after {LONGER[name]:g} kimg, {share:.2f} of that time: {Verdict.on(longer, split)}")
            _sheet(f"{name}-longer", split, longer, theirs)


def equal_time(*, full: bool) -> Iterator[Bar]:
    for name in BUDGET:
        yield from _compared(name, SOURCES, BUDGET[name], full, _equal_time_bars)


def hundred(*, full: bool) -> Iterator[Bar]:
    yield from _compared("fashion_mnist", FEW, FEW_BUDGET, full, _hundred_bars)
    if full and (split := Split.of("fashion_mnist", FEW)):
        print(f"of other real images, {flagged(split):.2%} count as copies of these {FEW}")


Judge = Callable[[str, list[Verdict], list[Verdict]], Iterator[Bar]]


def _compared(name: str, sources: int, budget: float, full: bool, judge: Judge) -> Iterator[Bar]:
    split = Split.of(name, sources)
    if split is None or not full:
        print(f"{name}: needs FULL=1 and {VARIABLE}")
        return
    clock = Clock.of(split)
    ours = [delivered(split, "standard", seed, budget) for seed in SEEDS]
    kimg = clock.paper_kimg(max(clock.standard_seconds(budget, run) for run in ours))
    theirs = [after(split, "paper", seed, kimg) for seed in SEEDS]
    _sheet(f"{name}-{sources}-equal-time", split, ours[0], theirs[0])
    verdicts = [[Verdict.on(run, split) for run in runs] for runs in (ours, theirs)]
    for preset, own in zip((f"standard, {budget:g} kimg", f"paper, {kimg:g} kimg"), verdicts, strict=True):
        print(*(f"{name}, {sources} images, {preset}, seed {seed}: {v}" for seed, v in enumerate(own)), sep="\n")
    yield from judge(f"{name}, {sources} images, equal time", *verdicts)


def _equal_time_bars(name: str, ours: list[Verdict], theirs: list[Verdict]) -> Iterator[Bar]:
    ratio = mean(v.swd for v in ours) / mean(v.swd for v in theirs)
    yield Bar(f"{name}: SWD above floor, share of the paper's", ratio, 0.5)
    yield Bar(f"{name}: KID, difference to the paper's, upper end of 95 %", kid_gap(ours, theirs), 0.0)
    yield from _no_lower(name, "recall", ours, theirs)
    yield from _no_lower(name, "coverage", ours, theirs)


def _hundred_bars(name: str, ours: list[Verdict], theirs: list[Verdict]) -> Iterator[Bar]:
    gap = mean(v.two_sample.value for v in ours) - mean(v.two_sample.value for v in theirs)
    yield Bar(f"{name}: two-sample score, difference to the paper's", gap, 0.0)
    yield from _no_lower(name, "coverage", ours, theirs)
    copies = mean(v.copies for v in ours) - mean(v.copies for v in theirs) / 2
    detail = f"{mean(v.copies for v in ours):.2%} and {mean(v.copies for v in theirs):.2%} before screening"
    yield Bar(f"{name}: share of copies, less half the paper's", copies, 0.0, detail=detail)


def _no_lower(name: str, figure: str, ours: list[Verdict], theirs: list[Verdict]) -> Iterator[Bar]:
    gap = mean(getattr(v, figure) for v in ours) - mean(getattr(v, figure) for v in theirs)
    yield Bar(f"{name}: {figure}, difference to the paper's", gap, 0.0, at_least=True)


def _sheet(name: str, split: Split, ours: Trained, theirs: Trained) -> None:
    """Real images, `paper` and `standard` from left to right, the same slots, unpicked."""
    SHEETS.mkdir(parents=True, exist_ok=True)
    kinds = (split.unseen[:64], theirs.samples(64), ours.samples(64))
    real, paper, standard = (pixels.reshape(8, 8, *pixels.shape[1:]) for pixels in kinds)  # [64,H,W,C] -> [8,8,H,W,C]
    gap = np.full_like(real[:, :1], 255)
    rows = np.concatenate([real, gap, paper, gap, standard], axis=1)
    save_sheet(rows.reshape(-1, *rows.shape[2:]), SHEETS / f"{name}.webp", columns=rows.shape[1])
