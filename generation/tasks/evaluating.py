"""The quality report and the contact sheet of a dataset, from at most 2,000 images on either side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings

from generation.engine.data import Labels
from generation.engine.metrics.inception import Inception
from generation.engine.metrics.report import MAX_COMPARED, quality_report
from generation.engine.pictures import Pixels
from generation.manifests import Entry
from generation.models import JobTask

from . import shards, sheets
from .screening import Screen
from .shards import Shard
from .twins import Replaced
from .watching import Watch

SHEET_IMAGES = 36


@dataclass(frozen=True)
class Examined:
    """Some of the dataset's images: their numbers, pixels and labels."""

    numbers: np.ndarray
    pixels: Pixels
    labels: list[str | None]


def evaluate(done: Sequence[Shard], replaced: Replaced, screen: Screen, watch: Watch) -> tuple[dict[str, Any], bytes]:
    examined = examine(done, replaced, screen.train.channels, watch)
    report = compared(screen, examined)
    name_nearest(report, examined.numbers, screen)
    report["screening"] = screened(shards.done(screen.job))
    report["environment"] = screen.environment
    return report, sheet(screen.train.pixels, examined.pixels)


def examine(done: Sequence[Shard], replaced: Replaced, channels: int, watch: Watch) -> Examined:
    numbers = some(sum(shard.count for shard in done), MAX_COMPARED)
    rows = list(images(done, replaced, set(numbers.tolist()), watch))
    pixels = np.stack([shards.pixels_of(png, channels) for _made, png in rows])
    return Examined(numbers, pixels, [made["label"] for made, _png in rows])


def compared(screen: Screen, examined: Examined) -> dict[str, Any]:
    train, holdout = screen.train, screen.holdout
    unseen = len(holdout) > 0
    real = holdout if unseen else train
    labels = numbered(examined.labels, train.classes)
    return quality_report(
        real.pixels,
        examined.pixels,
        train=train.pixels if unseen else None,
        detector=screen.detector,
        compared_with="holdout" if unseen else "train",
        real_labels=real.labels if labels is not None else None,
        fake_labels=labels,
        inception=inception(),
    )


def numbered(labels: list[str | None], classes: tuple[str, ...]) -> Labels | None:
    """Places of the labels among `classes`; none for a generator that learnt no labels."""
    known = [classes.index(label) for label in labels if label in classes]
    return np.array(known) if len(known) == len(labels) and len(classes) > 1 else None


def inception() -> Inception | None:
    """With the file that the operator supplied, if any."""
    path = settings.INCEPTION_WEIGHTS
    return Inception.of(path) if path else None


def name_nearest(report: dict[str, Any], chosen: np.ndarray, screen: Screen) -> None:
    """Numbers within the samples mean nothing to a reader: name the dataset's image and the source image's pixels."""
    for pair in report["copies"]["nearest"]:
        pair["image"] = int(chosen[pair["image"]])
        pair["source"] = screen.train.names[pair["source"]]


def screened(done: list[JobTask]) -> dict[str, Any]:
    made, rejected = (sum(shard.output[key] for shard in done) for key in ("made", "rejected"))
    return {"made": made, "rejected": rejected, "rate": rejected / made}


def images(done: Sequence[Shard], replaced: Replaced, chosen: set[int], watch: Watch) -> Iterator[tuple[Entry, bytes]]:
    first = 0
    for shard in done:
        watch.check()
        for made, png in shards.images(shard, {number - first for number in chosen}):
            yield replaced.get(made["slot"], (made, png))
        first += shard.count


def some(total: int, most: int) -> np.ndarray:
    """Places drawn at random but always the same: labels follow each other in turn, so equal steps would miss some."""
    return np.sort(np.random.default_rng(0).permutation(total)[:most])


def sheet(real: Pixels, fake: Pixels) -> bytes:
    return sheets.contact_sheet(real[some(len(real), SHEET_IMAGES)], fake[some(len(fake), SHEET_IMAGES)])
