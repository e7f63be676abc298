from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import torch

from generation.engine.checkpoints import Checkpoint
from generation.engine.commands.notes import words
from generation.engine.commands.stopping import StopSignal
from generation.engine.config import MIN_IMAGES, Recipe, RecipeRequest, pilot_seconds, resolve
from generation.engine.data import ImageSet, load, split_holdout
from generation.engine.devices import best_dtype, chosen_device
from generation.engine.meter import Meter, duration
from generation.engine.needs import check_memory
from generation.engine.options import REQUESTED
from generation.engine.runs import Run, RunError
from generation.engine.teams import Team, device_of, joined
from generation.engine.training import Progress, images_per_second, train


def training(options: Namespace) -> None:
    """In this process, or in each of those that torchrun has started."""
    options.device = device_of(options.device)
    with joined(options.device) as team:
        if team.follows:
            _follow(options, Run(options.out), team)
        else:
            _lead(options, Run(options.out), team)


def _lead(options: Namespace, run: Run, team: Team) -> None:
    meter = Meter(sys.stderr)
    everything, recipe, resume, device = (_resumed if options.resume else _begun)(options, run, meter)
    team.agreed(lambda: (run.requested().to_dict(), recipe.to_dict()))
    images, holdout = split_holdout(everything, recipe.seed)
    _announce(meter, images, holdout, recipe, device, resume, team)
    stop = StopSignal()
    progress = train(images, recipe, device=device, holdout=holdout, resume=resume, stopping=stop, team=team)
    end = _followed(progress, run, meter, resume.kimg if resume else 0.0)
    run.draw()
    print(f"{end}. Samples, stats.jsonl, curves.svg and growth.png are in {run.path}")


def _follow(options: Namespace, run: Run, team: Team) -> None:
    """IMAGES and, of a run that goes on, RUN must be there for each process."""
    StopSignal()  # the leader says when to stop
    request, recipe = team.agreed(_of_the_leader)
    images, holdout = split_holdout(_loaded(options, RecipeRequest.from_dict(request)), recipe["seed"])
    resume, device = run.begun() if options.resume else None, chosen_device(options.device)
    for _progress in train(images, Recipe.from_dict(recipe), device=device, holdout=holdout, resume=resume, team=team):
        pass


def _of_the_leader() -> tuple[dict[str, Any], dict[str, Any]]:
    raise AssertionError("only the leader makes them")


def _followed(reports: Iterator[Progress], run: Run, meter: Meter, begun: float) -> str:
    """Notes and shows each report; answers how it ended. A run that was done reports the kimg it began from."""
    kimg, done = begun, False
    for progress in reports:
        kimg, done = progress.kimg, progress.done
        if kimg > begun:
            run.record(progress)
            _show(meter, progress)
    meter.end()
    if done:
        return "done" if kimg > begun else "done already"
    return "stopped; the same command with --resume goes on from here"


_Start = tuple[ImageSet, Recipe, Checkpoint | None, torch.device]


def _begun(options: Namespace, run: Run, meter: Meter) -> _Start:
    run.reserve()
    request, device = RecipeRequest(**_given(options)), chosen_device(options.device)
    images = _loaded(options, request)
    recipe = _recipe(request, split_holdout(images, request.seed)[0], device, meter)
    run.begin(request, recipe, images)
    return images, recipe, None, device


def _resumed(options: Namespace, run: Run, meter: Meter) -> _Start:
    resume, request = run.begun(), _the_same(options, run)
    device, images = chosen_device(options.device), _loaded(options, request)
    run.go_on(resume)
    return images, resume.recipe, resume, device


def _given(options: Namespace) -> dict[str, Any]:  # Any: the fields of a RecipeRequest
    """What the command line says of the recipe; the rest is RecipeRequest's to know."""
    return {name: value for name in REQUESTED if (value := getattr(options, name)) is not None}


def _the_same(options: Namespace, run: Run) -> RecipeRequest:
    requested = run.requested()
    for name, value in _given(options).items():
        begun = getattr(requested, name)
        if value != begun:
            said = f"--{name}" if isinstance(value, bool) else f"--{name} {value}"
            raise RunError(
                f"the run in {run.path} began with {name} {_words(begun)} and keeps it: leave {said} out, "
                "or begin another run in another folder"
            )
    return requested


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "left open" if value is None else str(value)


def _loaded(options: Namespace, request: RecipeRequest) -> ImageSet:
    images = load(
        options.images,
        request.resolution,
        fit=request.fit,
        labels=request.labels,
        transparency=request.transparency,
    )
    if len(images) < MIN_IMAGES:
        raise RunError(
            f"{options.images}: {len(images)} images are too few; training needs at least {MIN_IMAGES} images"
        )
    return images


def _recipe(request: RecipeRequest, images: ImageSet, device: torch.device, meter: Meter) -> Recipe:
    facts: dict[str, Any] = {"images": len(images), "channels": images.channels, "classes": images.classes}
    resolve(request, **facts)
    check_memory(request, images, device, best_dtype(device))
    speed = None
    if request.kimg is None and (request.minutes is not None or request.preset != "paper"):
        seconds = pilot_seconds(request, len(images))
        meter.say(f"a pilot of {seconds:.0f} s measures what this device can do")
        speed = images_per_second(images, request, device, seconds)
    return resolve(request, **facts, images_per_second=speed, dtype=best_dtype(device))


def _announce(
    meter: Meter,
    images: ImageSet,
    holdout: ImageSet,
    recipe: Recipe,
    device: torch.device,
    resume: Checkpoint | None,
    team: Team,
) -> None:
    classes = f" in {len(recipe.classes)} classes" if recipe.classes else ""
    begins = f"from {resume.kimg:.4g}" if resume else "for"
    length = f"{begins} {'to ' if resume else ''}{recipe.kimg:.4g} kimg"
    shared = f", shared by {team.size} processes" if team.size > 1 else ""
    meter.say(f"{len(images)} images{classes}, {len(holdout)} held out; {length} on {device}, {recipe.dtype}{shared}")


def _show(meter: Meter, progress: Progress) -> None:
    left = (progress.total_kimg - progress.kimg) * 1000 / max(progress.images_per_second, 1e-9)
    for note in progress.notes:
        meter.say(f"{note.kimg:8.1f} kimg  {words(note)}")
    if progress.swd is not None:
        meter.say(f"{progress.kimg:8.1f} kimg  SWD {progress.swd:.1f} (real images {progress.swd_floor:.1f})")
    meter.show(
        progress.kimg / progress.total_kimg,
        f"{progress.kimg:.1f}/{progress.total_kimg:.1f} kimg  {progress.images_per_second:.0f} img/s  "
        f"{duration(left)} left  D {progress.loss_d:.2f} G {progress.loss_g:.2f} p {progress.augment_p:.2f}",
        last=progress.done,
    )
