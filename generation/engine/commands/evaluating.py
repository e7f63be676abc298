from __future__ import annotations

import json
from argparse import Namespace

import numpy as np

from generation.engine.data import load, side_of
from generation.engine.metrics.report import quality_report


def evaluating(options: Namespace) -> None:
    side = side_of(options.fake)
    real, fake = (load(path, side, fit=options.fit).pixels for path in (options.real, options.fake))
    train_set = None if options.train is None else load(options.train, side, fit=options.fit).pixels
    arrays = _one_colour_mode([real, fake] if train_set is None else [real, fake, train_set])
    report = quality_report(arrays[0], arrays[1], train=arrays[2] if train_set is not None else None)
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    print(text)


def _one_colour_mode(arrays: list[np.ndarray]) -> list[np.ndarray]:
    if len({array.shape[3] for array in arrays}) == 1:
        return arrays
    return [np.repeat(array, 3, axis=3) if array.shape[3] == 1 else array for array in arrays]
