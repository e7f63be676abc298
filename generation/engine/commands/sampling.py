from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from generation.engine.checkpoints import Checkpoint, environment, file_sha256
from generation.engine.commands.stopping import StopSignal
from generation.engine.config import MAX_COUNT
from generation.engine.devices import chosen_device, instruction_set
from generation.engine.meter import Meter
from generation.engine.needs import check_room
from generation.engine.png import encode_pngs
from generation.engine.runs import Run, RunError
from generation.engine.sampling import Batch, Sampler
from generation.engine.shares import Shares
from generation.engine.workers import cores, in_order


def sampling(options: Namespace) -> int:
    """Makes the images; answers how many were made, fewer than asked for when stopped."""
    _check(options)
    checkpoint, meter = _generator(Run(options.run)), Meter(sys.stderr)
    check_room(options.out, checkpoint.recipe, options.count)
    device = chosen_device(options.device)
    if checkpoint.environment != environment(instruction_set(device), checkpoint.recipe.dtype):
        meter.say("note: trained on another device or PyTorch, on which these images would differ in a few last bits")
    options.out.mkdir(parents=True, exist_ok=True)
    sha256 = file_sha256(Run(options.run).generator)
    shares = _shares(options, checkpoint)
    sampler = Sampler(checkpoint, sha256=sha256, seed=options.seed, device=device, shares=shares)
    stop, made = StopSignal(), 0
    slots = range(options.start, options.start + options.count)
    for batch, files in in_order(_encoded, sampler.batches(slots), cores()):
        _write(batch, files, options.out)
        made += len(files)
        meter.show(made / options.count, f"{made}/{options.count} images", last=made == options.count)
        if stop():
            break
    meter.end()
    return made


def _check(options: Namespace) -> None:
    if not 1 <= options.count <= MAX_COUNT:
        raise RunError(f"--count must be from 1 to {MAX_COUNT:,}")
    if options.start < 0 or options.seed < 0:
        raise RunError("--start and --seed must not be below 0")


def _generator(run: Run) -> Checkpoint:
    if not run.generator.exists():
        raise RunError(f"{run.generator}: there is no generator; name a folder that train wrote")
    return Checkpoint.load(run.generator)


def _shares(options: Namespace, checkpoint: Checkpoint) -> Shares | None:
    if not options.proportion:
        return None
    if not checkpoint.recipe.classes:
        raise RunError(f"{options.run} was trained without --labels, so --proportion has no classes to share out")
    counts = Run(options.run).class_counts()
    return Shares.in_proportion(
        [counts.get(name, 0) for name in checkpoint.recipe.classes], options.count, options.start
    )


def _encoded(batch: Batch) -> tuple[Batch, list[bytes]]:
    return batch, encode_pngs(batch.pixels)


def _write(batch: Batch, files: list[bytes], folder: Path) -> None:
    for slot, label, content in zip(batch.slots, batch.labels, files, strict=True):
        place = folder / label if label else folder
        place.mkdir(exist_ok=True)
        (place / f"{slot:07}.png").write_bytes(content)
