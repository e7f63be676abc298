"""A run that was stopped or killed anywhere ends in the same weights as one that was not, bit for bit."""

import itertools
import math
import os
import random
import signal
import subprocess
import sys
import time

import pytest
import torch

from generation.engine.checkpoints import Checkpoint
from generation.engine.config import RecipeRequest
from generation.engine.data import ImageSet, split_holdout
from generation.engine.trainer import Trainer
from generation.engine.training import train

pytestmark = pytest.mark.usefixtures("quick_looks")
RUN = RecipeRequest("quick", 32, kimg=0.48, labels=True)


@pytest.fixture
def grey(shapes):
    return ImageSet(shapes.pixels[..., :1].copy(), shapes.labels, shapes.classes, shapes.names)


def final(reports):
    *_, last = reports
    return last.checkpoint


def same(one, other):
    """Seconds aside, which are how long it took; as text, since what is no number equals nothing."""
    states = [repr({**checkpoint.state, "seconds": 0}) for checkpoint in (one, other)]
    assert states[0] == states[1]
    return one.tensors.keys() == other.tensors.keys() and all(
        torch.equal(one.tensors[key], other.tensors[key]) for key in one.tensors
    )


def resumed_anywhere(images, holdout, recipe, chance):
    """Run on from checkpoint to checkpoint, each some random steps later, through a file's bytes."""
    checkpoint = None
    while checkpoint is None or not checkpoint.state["delivered_kimg"]:
        steps = train(images, recipe, device="cpu", holdout=holdout, resume=checkpoint, checkpoint_seconds=0)
        *_, last = itertools.islice(steps, chance.randint(1, 12))
        steps.close()
        checkpoint = last.checkpoint
    return checkpoint


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("channels", [1, 3])
def test_stopped_at_random_steps(shapes, grey, tiny, channels, seed):
    images, holdout = split_holdout(grey if channels == 1 else shapes, 0)
    recipe = tiny(RUN, channels=channels, augment_start=0.5, r1_interval=3)
    undisturbed = final(train(images, recipe, device="cpu", holdout=holdout))
    assert same(resumed_anywhere(images, holdout, recipe, random.Random(seed)), undisturbed)


@pytest.mark.parametrize("poisoned", [(1,), (11,), (11, 20), (11, 16, 23)], ids=str)
def test_stopped_at_random_steps_across_going_back(shapes, tiny, monkeypatch, poisoned):
    step = Trainer.step

    def poisoning(trainer):
        step(trainer)
        if trainer.steps in poisoned:
            trainer.generator.root.weight.data.view(-1)[0] = math.nan

    monkeypatch.setattr(Trainer, "step", poisoning)
    images, holdout = split_holdout(shapes, 0)
    recipe = tiny(RUN, augment_start=0.5, r1_interval=3)
    undisturbed = final(train(images, recipe, device="cpu", holdout=holdout))
    assert undisturbed.state["guard"]["strikes"] == len(poisoned)
    assert same(resumed_anywhere(images, holdout, recipe, random.Random(7)), undisturbed)


TRAIN = """
import random, sys, pathlib, torch
from generation.engine import training, validation
from generation.engine.checkpoints import Checkpoint
training.TICK_SECONDS, validation.MOST_COMPARED = 0.0, 24
images, holdout, recipe = torch.load(sys.argv[1], weights_only=False)
path, chance = pathlib.Path(sys.argv[2]), random.Random(int(sys.argv[3]))
resume = Checkpoint.load(path) if path.exists() else None
run = training.train(images, recipe, device="cpu", holdout=holdout, resume=resume, checkpoint_seconds=0)
for progress in run:
    if progress.done or chance.random() < 0.3:
        progress.checkpoint.save(path)
        print("saved", flush=True)
"""


@pytest.mark.slow
def test_killed_at_random_moments(shapes, tiny, tmp_path):
    torch.set_num_threads(1)
    images, holdout = split_holdout(shapes, 0)
    recipe = tiny(RUN, augment_start=0.5, r1_interval=3, threads=1)
    torch.save((images, holdout, recipe), tmp_path / "run")
    for seed in (1, 2):
        killed_after_a_checkpoint(tmp_path, seed)
    run = [sys.executable, "-c", TRAIN, str(tmp_path / "run"), str(tmp_path / "one.pt"), "3"]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    undisturbed = final(train(images, recipe, device="cpu", holdout=holdout))
    assert same(Checkpoint.load(tmp_path / "one.pt"), undisturbed)


def killed_after_a_checkpoint(folder, seed):
    command = [sys.executable, "-c", TRAIN, str(folder / "run"), str(folder / "one.pt"), str(seed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"saved\n"
    time.sleep(random.Random(seed).random() / 10)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not Checkpoint.load(folder / "one.pt").state["delivered_kimg"]


def test_another_kind_of_machine_is_told(shapes, tiny):
    begun = next(train(shapes, tiny(RUN), device="cpu", checkpoint_seconds=0)).checkpoint
    moved = Checkpoint(begun.recipe, begun.kimg, begun.tensors, begun.state, {**begun.environment, "torch": "1.0"})
    assert [note.code for note in next(train(shapes, tiny(RUN), device="cpu", resume=moved)).notes] == ["other-machine"]
    assert next(train(shapes, tiny(RUN), device="cpu", resume=begun)).notes == ()
