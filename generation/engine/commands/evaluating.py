from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from generation.engine.data import ImageSet, load, side_of
from generation.engine.metrics.inception import Inception
from generation.engine.metrics.report import quality_report
from generation.engine.pictures import Pixels
from generation.engine.runs import RunError


def evaluating(options: Namespace) -> None:
    side = side_of(options.fake)
    real, fake = (load(path, side, fit=options.fit, labels=options.labels) for path in (options.real, options.fake))
    train = None if options.train is None else load(options.train, side, fit=options.fit)
    ours, theirs, others = in_one_mode(real.pixels, fake.pixels, None if train is None else train.pixels)
    report = quality_report(
        ours,
        theirs,
        train=others,
        inception=None if options.inception is None else Inception.of(options.inception),
        **_labels(real, fake),
    )
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    print(text)


def in_one_mode(real: Pixels, fake: Pixels, train: Pixels | None) -> tuple[Pixels, Pixels, Pixels | None]:
    """Grey sets beside coloured ones get three channels."""
    if {images.shape[3] for images in (real, fake, train) if images is not None} == {1}:
        return real, fake, train
    return _coloured(real), _coloured(fake), None if train is None else _coloured(train)


def _coloured(pixels: Pixels) -> Pixels:
    return pixels.repeat(3, axis=3) if pixels.shape[3] == 1 else pixels


def _labels(real: ImageSet, fake: ImageSet) -> dict[str, Any]:  # Any: arrays, as keyword arguments
    if real.labels is None or fake.labels is None:
        return {}
    if real.classes != fake.classes:
        names = ", ".join(sorted(set(real.classes) ^ set(fake.classes)))
        raise RunError(f"--labels needs the same class folders among real and generated images; not in both: {names}")
    return {"real_labels": real.labels, "fake_labels": fake.labels}
