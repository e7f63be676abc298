from __future__ import annotations

import errno
import sys
from argparse import Namespace
from collections.abc import Sequence

from generation.engine.checkpoints import CheckpointError
from generation.engine.commands.evaluating import evaluating
from generation.engine.commands.sampling import sampling
from generation.engine.commands.training import training
from generation.engine.config import RESOLUTIONS, RecipeError
from generation.engine.data import DataError
from generation.engine.devices import DeviceError, failed, ran_out_of_memory
from generation.engine.metrics.weights import WeightsError
from generation.engine.options import REQUESTED, parser
from generation.engine.runs import Run, RunError
from generation.engine.training import TrainingError

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
IN_THE_WAY = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


def main(arguments: Sequence[str] | None = None) -> int:
    """0: done, or stopped with a checkpoint; 1: failed on the way; 2: cannot be done as asked; 130: interrupted."""
    options = parser().parse_args(arguments)
    try:
        return {"train": _train, "sample": _sample, "evaluate": _evaluate, "plot": _plot}[options.command](options)
    except RecipeError as error:
        field = f"--{error.field}" if error.field in REQUESTED else error.field
        return _complain(f"{field}: {error.message}", REFUSED)
    except (RunError, DataError, DeviceError, CheckpointError, WeightsError) as error:
        return _complain(str(error), REFUSED)
    except TrainingError as error:
        return _complain(str(error), FAILED)
    except OSError as error:
        return _complain(*_of_files(error, options))
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except (MemoryError, RuntimeError) as error:
        if ran_out_of_memory(error):
            return _complain(_of_memory(options), FAILED)
        if failed(error):
            return _complain(_of_device(error, options), FAILED)
        raise


def _train(options: Namespace) -> int:
    training(options)
    return DONE


def _sample(options: Namespace) -> int:
    made = sampling(options)
    if made == options.count:
        print(f"{made} images are in {options.out}")
        return DONE
    rest = (
        f"--start {options.start + made} --count {options.count - made}{' --proportion' if options.proportion else ''}"
    )
    return _complain(f"interrupted after {made} of {options.count} images; {rest} makes the rest", INTERRUPTED)


def _evaluate(options: Namespace) -> int:
    evaluating(options)
    return DONE


def _plot(options: Namespace) -> int:
    for path in Run(options.run).draw():
        print(path)
    return DONE


def _complain(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


def _of_files(error: OSError, options: Namespace) -> tuple[str, int]:
    if error.errno in FULL:
        again = "go on with --resume" if options.command == "train" else "give the command again"
        return f"the disk is full: free some space, then {again}", FAILED
    where = error.filename or "files"
    if error.errno in CLOSED:
        return f"{where}: this may not be read or written; give yourself the right to, or name another place", REFUSED
    if error.errno in IN_THE_WAY:
        return f"{where}: a file is where a folder should be, or the other way round; name another place", REFUSED
    return f"{where}: {error.strerror or error}", REFUSED


def _of_memory(options: Namespace) -> str:
    text = "there is not enough memory on this device"
    if options.command != "train":
        return f"{text}: close other programs, or take --device cpu"
    smaller = [side for side in RESOLUTIONS if side < (options.resolution or 64)]
    ways = [f"--resolution {smaller[-1]}"] if smaller else []
    ways += ["--preset quick (narrower networks, smaller batches)"] if options.preset != "quick" else []
    return f"{text}: try {' or '.join([*ways, '--device cpu'])}"


def _of_device(error: BaseException, options: Namespace) -> str:
    again = "go on with --resume" if options.command == "train" else "give the command again"
    reason = str(error).strip().partition("\n")[0]
    return f"the device failed ({reason}): {again}, with --device cpu if it stays away"
