"""The quality report and the contact sheet of a dataset, from at most 2,000 images on either side."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from generation.engine.metrics.report import MAX_COMPARED, quality_report
from generation.engine.pictures import Pixels
from generation.models import JobTask

from . import shards, sheets
from .screening import Screen
from .twins import Replaced
from .watching import Watch

SHEET_IMAGES = 36


def evaluate(done: list[JobTask], replaced: Replaced, screen: Screen, watch: Watch) -> tuple[dict[str, Any], bytes]:
    chosen = some(sum(shard.count for shard in done), MAX_COMPARED)
    fake = np.stack(list(pixels(done, replaced, set(chosen.tolist()), screen.train.channels, watch)))
    report = compared(screen, fake)
    name_nearest(report, chosen, screen)
    report["screening"] = screened(done)
    report["environment"] = screen.environment
    return report, sheet(screen.train.pixels, fake)


def compared(screen: Screen, fake: Pixels) -> dict[str, Any]:
    train, holdout, detector = screen.train.pixels, screen.holdout.pixels, screen.detector
    if len(holdout) == 0:
        return quality_report(train, fake, detector=detector, compared_with="train")
    return quality_report(holdout, fake, train=train, holdout=holdout, detector=detector, compared_with="holdout")


def name_nearest(report: dict[str, Any], chosen: np.ndarray, screen: Screen) -> None:
    """Numbers within the samples mean nothing to a reader: name the dataset's image and the source image's pixels."""
    for pair in report["copies"]["nearest"]:
        pair["image"] = int(chosen[pair["image"]])
        pair["source"] = screen.train.names[pair["source"]]


def screened(done: list[JobTask]) -> dict[str, Any]:
    made, rejected = (sum(shard.output[key] for shard in done) for key in ("made", "rejected"))
    return {"made": made, "rejected": rejected, "rate": rejected / made}


def pixels(done: list[JobTask], replaced: Replaced, chosen: set[int], channels: int, watch: Watch) -> Iterator[Pixels]:
    first = 0
    for shard in done:
        watch.check()
        for made, png in shards.images(shard, {number - first for number in chosen}):
            _entry, png = replaced.get(made["slot"], (made, png))
            yield shards.pixels_of(png, channels)
        first += shard.count


def some(total: int, most: int) -> np.ndarray:
    """Places drawn at random but always the same: labels follow each other in turn, so equal steps would miss some."""
    return np.sort(np.random.default_rng(0).permutation(total)[:most])


def sheet(real: Pixels, fake: Pixels) -> bytes:
    return sheets.contact_sheet(real[some(len(real), SHEET_IMAGES)], fake[some(len(fake), SHEET_IMAGES)])
