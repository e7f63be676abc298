"""Are planted copies found, and are real images that were held out left alone?

Seeds that nothing was tuned on. A held-out image may truly repeat a source, as emoji come in several colours: twins are
told by their pixels alone, and the rate that is judged is that of the others.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from benchmarks import planted
from benchmarks.bars import Bar
from benchmarks.sets import VARIABLE, real_sets
from generation.engine.metrics.copies import CopyDetector
from generation.engine.metrics.features import Floats, Pixels
from generation.engine.metrics.formulas import FAMILY, draw

SEEDS = (101, 102, 103)
HELD_OUT = 500
CALIBRATION = 200
PLANTED = 300
FEW = 150
FOUND, FLAGGED = 95.0, 1.0
# Correlation of two images' steps from pixel to pixel.
TWIN = 0.9


@dataclass
class Counts:
    """Of planted copies by their kind, and of held-out images: how many were looked at, and how many flagged."""

    planted: dict[str, list[float]] = field(default_factory=dict)
    missed_at_a_glance: list[float] = field(default_factory=list)
    flagged: list[bool] = field(default_factory=list)
    twins: list[bool] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def rate(self, twins: bool) -> float:
        """Of held-out images flagged, with twins or without, in per cent."""
        flagged = np.array(self.flagged)
        return 100 * float(flagged.mean() if twins else flagged[~np.array(self.twins)].mean())


def bars(*, full: bool) -> Iterator[Bar]:
    sets = real_sets() or {"drawn": drawn()}
    for name, images in sets.items():
        counts = counted(images, SEEDS if full or name != "drawn" else SEEDS[:1])
        yield from _planted_bars(name, counts)
        yield _held_out_bar(name, counts, len(images))
    name, images = next(iter(sets.items()))
    few, name = counted(images, SEEDS, sources=FEW), f"{name}, {FEW} sources, leave-one-out"
    yield from _planted_bars(name, few)
    yield _held_out_bar(name, few, len(images))


def _planted_bars(name: str, counts: Counts) -> Iterator[Bar]:
    cleared = f"{100 * np.mean(counts.missed_at_a_glance):.2f} % of moved, zoomed and mirrored ones cleared at a glance"
    for change, shares in counts.planted.items():
        yield Bar(f"copies found: {name}, {change}", 100 * float(np.mean(shares)), FOUND, " %", at_least=True)
    yield Bar(
        f"copies found: {name}, screening", float(np.median(counts.milliseconds)), 2.0, " ms/image", detail=cleared
    )


def _held_out_bar(name: str, counts: Counts, images: int) -> Bar:
    note = "" if name in ("drawn",) else f"{images} images, {len(SEEDS)} splits"
    detail = (
        f"{counts.rate(twins=True):.2f} % with twins, which are {100 * np.mean(counts.twins):.1f} % of them; {note}"
    )
    return Bar(f"held-out images flagged: {name}, twins aside", counts.rate(twins=False), FLAGGED, " %", detail=detail)


def counted(images: Pixels, seeds: tuple[int, ...], sources: int | None = None) -> Counts:
    counts = Counts()
    for seed in seeds:
        _count(counts, images[np.random.default_rng(seed).permutation(len(images))], sources)
    return counts


def _count(counts: Counts, images: Pixels, sources: int | None) -> None:
    """Calibrated on some held-out images, tried on others."""
    held_out = min(HELD_OUT, len(images) // 3)
    unseen, rest = images[:held_out], images[held_out:]
    calibration, train = rest[:CALIBRATION], rest[CALIBRATION:][:sources]
    detector = CopyDetector.fit(train, None if sources else calibration)
    started = time.process_time()
    counts.flagged += detector.is_copy(detector.distance(unseen)[0]).tolist()
    counts.milliseconds.append(1000 * (time.process_time() - started) / len(unseen))
    counts.twins += is_twin(unseen, train).tolist()
    for change, copies in plants(train, unseen).items():
        found = detector.is_copy(detector.distance(copies)[0])
        counts.planted.setdefault(change, []).append(float(found.mean()))
        if change in ("shift 2 px", "zoom 5 %", "flip"):
            counts.missed_at_a_glance.append(float((~detector.search.find(copies).alone.isfinite()).float().mean()))


def plants(train: Pixels, unseen: Pixels) -> dict[str, Pixels]:
    count = min(PLANTED, len(train), len(unseen))
    some, others = train[:count], np.roll(train, -count, axis=0)[:count]
    found = {name: change(some) for name, change in planted.CHANGES.items() if name != "hue 5 %" or some.shape[3] > 1}
    found["blend 80/20 with a source"] = planted.blended(some, others)
    found["blend 80/20 with an unseen image"] = planted.blended(some, unseen[:count])
    return found


def is_twin(images: Pixels, sources: Pixels) -> npt.NDArray[np.bool_]:
    """Whose brightness steps from pixel to pixel as a source's does, in place or mirrored, whatever the colours."""
    theirs = steps(sources)
    likeness = [(steps(way) @ theirs.T).max(axis=1) for way in (images, images[:, :, ::-1])]
    twins: npt.NDArray[np.bool_] = np.maximum(*likeness) >= TWIN
    return twins


def steps(pixels: Pixels) -> Floats:
    """[N,H,W,C] -> steps to the right and down, as rows of length 1."""
    light = pixels.astype(np.float32).mean(axis=3)
    rows = np.concatenate([np.diff(light, axis=axis).reshape(len(pixels), -1) for axis in (1, 2)], axis=1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    normal: Floats = rows / np.maximum(lengths, 1)
    return normal


def drawn() -> Pixels:
    """One picture of each family, for machines without real images."""
    pictures = draw(FAMILY * 1500, 64, torch.Generator().manual_seed(SEEDS[0]))[::FAMILY]
    pixels: Pixels = pictures.mul(255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
    return pixels


def main() -> None:
    print(f"{VARIABLE} names the folder of the sets" if not real_sets() else "")
    for bar in bars(full=True):
        print(bar, flush=True)


if __name__ == "__main__":
    main()
