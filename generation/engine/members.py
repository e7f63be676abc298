"""One training in several processes of this machine, which torchrun starts, followed from a process that only watches.

`python -m generation.engine.members FOLDER` is each of them; the leader tells of each report over a socket in FOLDER,
and is told whether to go on.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from generation.engine.checkpoints import Checkpoint, CheckpointError
from generation.engine.config import Recipe
from generation.engine.data import ImageSet
from generation.engine.devices import chosen_device
from generation.engine.progress import Progress
from generation.engine.teams import device_of, joined
from generation.engine.training import TrainingError, train

IMAGES, HOLDOUT, SETTINGS, CHECKPOINT, SOCKET = "images.npz", "holdout.npz", "settings.json", "checkpoint.pt", "socket"
LOOK_SECONDS, END_SECONDS = 0.5, 30.0
PR_SET_PDEATHSIG = 1
LAST_WORDS = 4000


class TeamError(RuntimeError):
    """The processes ended before the training did."""


def train_together(
    images: ImageSet,
    recipe: Recipe,
    *,
    processes: int,
    folder: Path,
    holdout: ImageSet,
    resume: Checkpoint | None = None,
    stopping: Callable[[], bool] = lambda: False,
    **every: float,
) -> Iterator[Progress]:
    """As training.train; `folder` is empty and ours. Raises TeamError too."""
    _save(images, folder / IMAGES)
    _save(holdout, folder / HOLDOUT)
    (folder / SETTINGS).write_text(json.dumps({"recipe": recipe.to_dict(), "every": every}))
    if resume is not None:
        resume.save(folder / CHECKPOINT)
    with socket.socket(socket.AF_UNIX) as listening, _torchrun(folder, processes) as team:
        listening.bind(str(folder / SOCKET))
        listening.listen()
        with _leader(listening, team, folder) as leader:
            yield from _reports(leader, folder, stopping)


def _reports(leader: Connection, folder: Path, stopping: Callable[[], bool]) -> Iterator[Progress]:
    while True:
        try:
            report, checkpoint, trouble = leader.recv()
        except (EOFError, ConnectionError) as error:
            raise TeamError(_last_words(folder)) from error
        if trouble is not None:
            raise {"CheckpointError": CheckpointError, "TrainingError": TrainingError}[trouble[0]](trouble[1])
        if report is None:
            return
        yield replace(report, checkpoint=Checkpoint.load(checkpoint) if checkpoint else None)
        leader.send(stopping())


@contextmanager
def _torchrun(folder: Path, processes: int) -> Iterator[subprocess.Popen[bytes]]:
    """It ends with this process, and all that it started with it."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    environment = {"OMP_NUM_THREADS": "1"} | os.environ
    with (folder / "log").open("wb") as log:
        team = subprocess.Popen(
            [*command, "-m", "generation.engine.members", str(folder)],
            cwd=Path(__file__).parents[2],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with_parent,
        )
    try:
        yield team
        _wait(team)
    finally:
        team.terminate()
        if not _wait(team):
            team.kill()


def _wait(team: subprocess.Popen[bytes]) -> bool:
    try:
        team.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def _leader(listening: socket.socket, team: subprocess.Popen[bytes], folder: Path) -> Iterator[Connection]:
    listening.settimeout(LOOK_SECONDS)
    while team.poll() is None:
        try:
            accepted, _address = listening.accept()
        except TimeoutError:
            continue
        accepted.setblocking(True)
        with Connection(accepted.detach()) as leader:
            yield leader
        return
    raise TeamError(_last_words(folder))


def _last_words(folder: Path) -> str:
    return (folder / "log").read_text(errors="replace")[-LAST_WORDS:] or "the processes ended without a word"


def main(folder: Path) -> None:
    """One of the processes."""
    settings = json.loads((folder / SETTINGS).read_text())
    name = device_of(None)
    with joined(name) as team:
        resume = Checkpoint.load(folder / CHECKPOINT) if (folder / CHECKPOINT).exists() else None
        go_on = True
        reports = train(
            _load(folder / IMAGES),
            Recipe.from_dict(settings["recipe"]),
            device=chosen_device(name),
            holdout=_load(folder / HOLDOUT),
            resume=resume,
            stopping=lambda: not go_on,
            team=team,
            **settings["every"],
        )
        if team.follows:
            list(reports)
            return
        with _watcher(folder) as watcher:
            for trouble, report in _told(reports):
                watcher.send((_bare(report), _kept(report, folder), trouble))
                if report is not None:
                    go_on = not watcher.recv()


def _told(reports: Iterator[Progress]) -> Iterator[tuple[tuple[str, str] | None, Progress | None]]:
    """Each report, and how it ended."""
    try:
        for report in reports:
            yield None, report
    except (CheckpointError, TrainingError) as error:
        yield (type(error).__name__, str(error)), None
    else:
        yield None, None


def _bare(report: Progress | None) -> Progress | None:
    """Checkpoints go by a file of their own."""
    return None if report is None else replace(report, checkpoint=None)


def _kept(report: Progress | None, folder: Path) -> str | None:
    if report is None or report.checkpoint is None:
        return None
    report.checkpoint.save(folder / CHECKPOINT)
    return str(folder / CHECKPOINT)


@contextmanager
def _watcher(folder: Path) -> Iterator[Connection]:
    connecting = socket.socket(socket.AF_UNIX)
    connecting.connect(str(folder / SOCKET))
    with Connection(connecting.detach()) as watcher:
        yield watcher


def _save(images: ImageSet, path: Path) -> None:
    labels: dict[str, Any] = {} if images.labels is None else {"labels": images.labels}
    classes, names = np.array(images.classes, dtype=str), np.array(images.names, dtype=str)
    np.savez(path, pixels=images.pixels, classes=classes, names=names, **labels)


def _load(path: Path) -> ImageSet:
    with np.load(path, allow_pickle=False) as arrays:
        labels = arrays.get("labels", None)
        classes, names = (tuple(str(text) for text in arrays[name]) for name in ("classes", "names"))
        return ImageSet(arrays["pixels"], labels, classes, names)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
