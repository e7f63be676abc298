from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from generation.engine.config import FITS, MAX_COUNT, OBJECTIVES, PRESETS, RESOLUTIONS, TRANSPARENCIES, RecipeRequest

# What of a RecipeRequest the command line can say; None where it does not.
REQUESTED = ("preset", "resolution", "kimg", "minutes", "objective", "labels", "fit", "transparency", "seed")
USUAL = RecipeRequest()
EXIT_CODES = (
    "Exit codes: 0 done, or training stopped with a checkpoint; 1 failed on the way; 2 cannot be done as asked; "
    "130 interrupted."
)


def parser() -> ArgumentParser:
    root = ArgumentParser(
        prog="python -m generation.engine",
        description="Train a GAN on a folder of images, sample from it, judge it.",
        epilog=EXIT_CODES,
    )
    commands = root.add_subparsers(dest="command", required=True)
    _train(_command(commands, "train", "train a generator; SIGTERM or Ctrl-C stops it with a checkpoint"))
    _sample(_command(commands, "sample", "make new images with a trained generator, also of a stopped run"))
    _evaluate(_command(commands, "evaluate", "compare generated images with real ones"))
    _plot(_command(commands, "plot", "draw a run's losses, quality and samples over time, also while it trains"))
    return root


def _command(commands: object, name: str, about: str) -> ArgumentParser:
    return commands.add_parser(  # type: ignore[attr-defined]  # argparse's class for this is private
        name, help=about, description=f"{about[0].upper()}{about[1:]}.", epilog=EXIT_CODES
    )


def _train(train: ArgumentParser) -> None:
    add = train.add_argument
    add("images", type=Path, metavar="IMAGES", help="folder or zip of images")
    add("--out", type=Path, required=True, metavar="RUN", help="folder for checkpoint, stats.jsonl, samples, curves")
    _requested(train)
    add("--device", help="cpu, cuda, cuda:1 or mps; the fastest that works when left out")
    add("--resume", action="store_true", help="go on from the checkpoint in RUN, with its images and settings")


def _requested(train: ArgumentParser) -> None:
    """Without defaults of their own, so that a resumed run can tell what was said anew."""
    add, length = train.add_argument, train.add_mutually_exclusive_group()
    add("--preset", choices=PRESETS, help=_usual("how much effort; paper is the plain published recipe", "preset"))
    add("--resolution", type=int, choices=RESOLUTIONS, help=_usual("side of the images, in pixels", "resolution"))
    length.add_argument(
        "--kimg", type=float, help="length, in thousands of images shown; when left out, a pilot settles it"
    )
    length.add_argument("--minutes", type=float, help="longest time to train, in minutes; no limit when left out")
    add("--objective", choices=OBJECTIVES, help=_usual("what the two networks play for", "objective"))
    add("--labels", action="store_true", help="take class folders as labels and train class by class")
    add("--fit", choices=FITS, help=_usual("how images become square: middle square, or whole with a frame", "fit"))
    add(
        "--transparency",
        choices=TRANSPARENCIES,
        help=_usual("put transparent images on white, or keep", "transparency"),
    )
    add("--seed", type=int, help=_usual("number that all random choices follow from, from 0", "seed"))
    train.set_defaults(**dict.fromkeys(REQUESTED))


def _usual(about: str, name: str) -> str:
    return f"{about} (default: {getattr(USUAL, name)})"


def _sample(sample: ArgumentParser) -> None:
    add = sample.add_argument
    add("run", type=Path, metavar="RUN", help="folder that train wrote")
    add("--count", type=int, required=True, metavar="N", help=f"how many images, from 1 to {MAX_COUNT:,}")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the PNG files, by class when labelled")
    add("--seed", type=int, default=0, help="number that the images follow from, with the generator (default: 0)")
    add("--start", type=int, default=0, metavar="I", help="number of the first image, its slot (default: 0)")
    add(
        "--proportion",
        action="store_true",
        help="of a labelled run: as often each class as among the images trained on, instead of in turn",
    )
    add("--device", help="cpu, cuda, cuda:1 or mps; the fastest that works when left out")


def _evaluate(evaluate: ArgumentParser) -> None:
    add = evaluate.add_argument
    add("--real", type=Path, required=True, metavar="IMAGES", help="real images, best ones that training did not see")
    add(
        "--fake", type=Path, required=True, metavar="IMAGES", help="generated images; their side is the one compared at"
    )
    add("--train", type=Path, metavar="IMAGES", help="the images trained on, to look for copies of; else --real")
    add("--fit", choices=FITS, default="crop", help="how real images become square (default: crop)")
    add("--labels", action="store_true", help="class folders on both sides: learn on generated images, test on real")
    add("--inception", type=Path, metavar="FILE", help="weights-inception-2015-12-05-6726825d.pth, for FID and its KID")
    add("--json", type=Path, metavar="FILE", help="also write the report to this file")


def _plot(plot: ArgumentParser) -> None:
    plot.add_argument("run", type=Path, metavar="RUN", help="folder that train wrote; gets curves.svg and growth.png")
