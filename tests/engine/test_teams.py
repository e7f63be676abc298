"""Several processes that train one generator, here two on the CPU, which talk by gloo."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from generation.engine.checkpoints import Checkpoint
from generation.engine.drawn import write_zip
from generation.engine.runs import Run
from generation.engine.teams import Team, most_processes, shareable

ARGUMENTS = ["--preset", "quick", "--resolution", "28", "--kimg", "0.32", "--seed", "3", "--device", "cpu"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "shapes.zip"
    write_zip(path, 240, size=28)
    return path


def trained(archive, out, processes: int, *arguments: str) -> subprocess.CompletedProcess:
    alone = [sys.executable, "-m", "generation.engine"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = alone if processes == 1 else [*torchrun, "-m", "generation.engine"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    return subprocess.run(
        [*command, "train", str(archive), "--out", str(out), *arguments],
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def runs(archive, tmp_path_factory) -> dict[int, Run]:
    """The same command, by one process and by two."""
    folder = tmp_path_factory.mktemp("runs")
    for processes in (1, 2):
        done = trained(archive, folder / str(processes), processes, *ARGUMENTS)
        assert done.returncode == 0, done.stderr[-3000:]
    return {processes: Run(folder / str(processes)) for processes in (1, 2)}


@pytest.mark.slow
def test_two_processes_take_the_steps_that_one_takes(runs):
    one, two = (Checkpoint.load(runs[n].checkpoint) for n in (1, 2))
    assert two.state["steps"] == one.state["steps"] > 0
    assert two.state["losses"] == pytest.approx(one.state["losses"], rel=0.05)
    weights = [torch.cat([value.flatten().float() for value in run.part("ema").values()]) for run in (one, two)]
    apart = (weights[0] - weights[1]).norm() / weights[0].norm()
    assert apart < 0.02


@pytest.mark.slow
def test_only_the_leader_reports(runs):
    kimg = [json.loads(line)["kimg"] for line in runs[2].stats.read_text().splitlines()]
    assert kimg == sorted(set(kimg))
    assert kimg[-1] == Checkpoint.load(runs[1].checkpoint).kimg


@pytest.mark.slow
def test_what_two_processes_began_two_go_on_with(archive, runs):
    done = trained(archive, runs[2].path, 2, "--resume", "--device", "cpu")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "done already" in done.stdout


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, 4),
        ({"mbstd_group": 0}, 4),
        ({"batch": 18}, 1),
        ({"mbstd_group": 0, "batch": 18}, 3),
        ({"body": "dcgan"}, 1),
    ],
)
def test_how_many_processes_share_a_batch(tiny, changes, most):
    recipe = replace(tiny(mbstd_group=4), **changes)
    assert most_processes(recipe, 4) == most
    assert shareable(recipe, 1)


def test_shares_make_up_the_whole():
    whole = torch.arange(12).reshape(6, 2)
    assert torch.equal(torch.cat([Team(rank, 3).share(whole) for rank in range(3)]), whole)
    assert Team().share(whole) is whole
