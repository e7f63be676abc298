from __future__ import annotations

from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser
from pathlib import Path

from generation.engine.config import FITS, MAX_COUNT, OBJECTIVES, PRESETS, RESOLUTIONS


def parser() -> ArgumentParser:
    root = ArgumentParser(
        prog="python -m generation.engine", description="Train a GAN on a folder of images, sample from it, judge it."
    )
    commands = root.add_subparsers(dest="command", required=True)
    _train(_command(commands, "train", "train a generator; SIGTERM or Ctrl-C stops it with a checkpoint"))
    _sample(_command(commands, "sample", "make new images with a trained generator, also of a stopped run"))
    _evaluate(_command(commands, "evaluate", "compare generated images with real ones"))
    return root


def _command(commands: object, name: str, about: str) -> ArgumentParser:
    return commands.add_parser(  # type: ignore[attr-defined]  # argparse's class for this is private
        name, help=about, description=about.capitalize() + ".", formatter_class=ArgumentDefaultsHelpFormatter
    )


def _train(train: ArgumentParser) -> None:
    add = train.add_argument
    add("images", type=Path, metavar="IMAGES", help="folder or zip of images")
    add("--out", type=Path, required=True, metavar="RUN", help="folder for checkpoint, stats.jsonl and sample grids")
    add("--preset", choices=PRESETS, default="standard", help="how much effort; paper is the plain published recipe")
    add("--resolution", type=int, choices=RESOLUTIONS, default=64, help="side of the images, in pixels")
    length = train.add_mutually_exclusive_group()
    length.add_argument("--kimg", type=float, help="length, in thousands of images shown; the preset's when left out")
    length.add_argument("--minutes", type=float, help="longest time to train, in minutes; no limit when left out")
    add("--objective", choices=OBJECTIVES, default="lsgan", help="what the two networks play for")
    add("--labels", action="store_true", help="take class folders as labels and train class by class")
    add("--fit", choices=FITS, default="crop", help="how images become square: middle square, or whole with a frame")
    add("--seed", type=int, default=0, help="number that all random choices follow from, from 0")
    add("--device", help="cpu, cuda or mps; the fastest there is when left out")
    add("--resume", action="store_true", help="go on from the checkpoint in RUN, with its settings")


def _sample(sample: ArgumentParser) -> None:
    add = sample.add_argument
    add("run", type=Path, metavar="RUN", help="folder that train wrote")
    add("--count", type=int, required=True, metavar="N", help=f"how many images, from 1 to {MAX_COUNT:,}")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the PNG files, by class when labelled")
    add("--seed", type=int, default=0, help="number that the images follow from, together with the generator")
    add("--start", type=int, default=0, metavar="I", help="number of the first image (slot)")
    add("--device", help="cpu, cuda or mps; the fastest there is when left out")


def _evaluate(evaluate: ArgumentParser) -> None:
    add = evaluate.add_argument
    add("--real", type=Path, required=True, metavar="IMAGES", help="real images, best ones that training did not see")
    add(
        "--fake", type=Path, required=True, metavar="IMAGES", help="generated images; their side is the one compared at"
    )
    add("--train", type=Path, metavar="IMAGES", help="the images trained on, to look for copies of; else --real")
    add("--fit", choices=FITS, default="crop", help="how real images become square")
    add("--json", type=Path, metavar="FILE", help="also write the report to this file")
