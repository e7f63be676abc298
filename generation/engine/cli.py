from __future__ import annotations

import json
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import numpy as np
import torch

from generation.engine.checkpoints import Checkpoint, CheckpointError, file_sha256
from generation.engine.config import MAX_COUNT, Recipe, RecipeError, RecipeRequest, resolve
from generation.engine.data import DataError, ImageSet, load, side_of, split_holdout
from generation.engine.devices import best_device, best_dtype
from generation.engine.metrics.report import quality_report
from generation.engine.metrics.weights import WeightsError
from generation.engine.options import parser
from generation.engine.runs import Run
from generation.engine.sampling import Sample, Sampler, encode_png
from generation.engine.training import Progress, TrainingError, images_per_second, train


class UsageError(Exception):
    """A command that cannot be carried out as given."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    command = {"train": _train, "sample": _sample, "evaluate": _evaluate}[options.command]
    try:
        command(options)
    except RecipeError as error:
        return _complain(f"{error.field}: {error.message}")
    except (UsageError, DataError, CheckpointError, TrainingError, WeightsError) as error:
        return _complain(str(error))
    except OSError as error:
        return _complain(f"{error.filename or 'files'}: {error.strerror or error}")
    return 0


def _complain(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


def _train(options: Namespace) -> None:
    run, device = Run(options.out), _device(options.device)
    resume = Checkpoint.load(run.checkpoint) if options.resume else None
    request = _request(options, resume)
    everything = load(options.images, request.resolution, fit=request.fit, labels=request.labels)
    images, holdout = split_holdout(everything, request.seed)
    recipe = resume.recipe if resume else _recipe(request, images, device)
    _check_same(images, recipe)
    if resume is None:
        run.start()
    print(
        f"{len(images)} images, {len(holdout)} held out; {recipe.kimg:g} kimg on {device}, {recipe.dtype}", flush=True
    )
    stop = _StopSignal()
    for progress in train(images, recipe, device=device, holdout=holdout, resume=resume, stopping=stop):
        run.record(progress)
        _show(progress)
    print("\ndone" if progress.done else f"\nstopped; go on with --resume, or sample {run.path} as it is")


class _StopSignal:
    """True once SIGTERM or Ctrl-C has come; the run then ends with a checkpoint."""

    def __init__(self) -> None:
        self.came = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.came = True

    def __call__(self) -> bool:
        return self.came


def _request(options: Namespace, resume: Checkpoint | None) -> RecipeRequest:
    if resume is not None:
        recipe = resume.recipe
        return RecipeRequest(
            recipe.preset, recipe.resolution, labels=bool(recipe.classes), fit=recipe.fit, seed=recipe.seed
        )
    names = ("preset", "resolution", "kimg", "minutes", "objective", "labels", "fit", "seed")
    return RecipeRequest(**{name: getattr(options, name) for name in names})


def _recipe(request: RecipeRequest, images: ImageSet, device: torch.device) -> Recipe:
    speed = images_per_second(images, request, device) if request.minutes is not None else None
    classes, dtype = images.classes, best_dtype(device)
    return resolve(
        request, images=len(images), channels=images.channels, classes=classes, images_per_second=speed, dtype=dtype
    )


def _check_same(images: ImageSet, recipe: Recipe) -> None:
    if images.channels != recipe.channels or (recipe.classes and images.classes != recipe.classes):
        raise UsageError("--resume needs the images that the run began with")


def _show(progress: Progress) -> None:
    left = (progress.total_kimg - progress.kimg) * 1000 / max(progress.images_per_second, 1e-9)
    score = "" if progress.swd is None else f"  swd {progress.swd:.1f} (floor {progress.swd_floor:.1f})\n"
    line = f"\r{progress.kimg:8.1f}/{progress.total_kimg:.1f} kimg {progress.images_per_second:6.0f} img/s "
    losses = f"d {progress.loss_d:.3f} g {progress.loss_g:.3f} p {progress.augment_p:.2f} {left:5.0f} s left "
    print(line + losses + score, end="", flush=True)


def _sample(options: Namespace) -> None:
    if not 1 <= options.count <= MAX_COUNT:
        raise UsageError(f"--count must be from 1 to {MAX_COUNT:,}")
    if options.start < 0 or options.seed < 0:
        raise UsageError("--start and --seed must not be below 0")
    path = Run(options.run).generator
    checkpoint = Checkpoint.load(path)
    sampler = Sampler(checkpoint, sha256=file_sha256(path), seed=options.seed, device=_device(options.device))
    for number, sample in enumerate(sampler.images(range(options.start, options.start + options.count)), 1):
        _write(sample, options.out)
        if number % 256 == 0 or number == options.count:
            print(f"\r{number}/{options.count} images", end="", flush=True)
    print()


def _write(sample: Sample, folder: Path) -> None:
    folder = folder / sample.label if sample.label else folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{sample.slot:07}.png").write_bytes(encode_png(sample.pixels))


def _evaluate(options: Namespace) -> None:
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


def _device(name: str | None) -> torch.device:
    if name is None:
        return best_device()
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {name}: not a device of this machine") from error
    return device
