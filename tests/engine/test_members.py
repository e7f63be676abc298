"""A training that torchrun shares among processes, watched from this one."""

import pytest
import torch

from generation.engine import members
from generation.engine.data import split_holdout
from generation.engine.members import TeamError, train_together
from generation.engine.training import train

pytestmark = pytest.mark.slow


def ema(progress) -> torch.Tensor:
    return torch.cat([value.flatten().float() for value in progress.checkpoint.part("ema").values()])


def test_it_is_told_and_ends_as_if_one_process_trained(shapes, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    recipe = tiny(kimg=0.16, mbstd_group=4)
    images, holdout = split_holdout(shapes, 0)
    *_, alone = train(images, recipe, device="cpu", holdout=holdout)
    *_, last = train_together(images, recipe, processes=2, folder=tmp_path, holdout=holdout)
    assert last.done
    assert last.kimg == alone.kimg
    assert last.samples.shape == alone.samples.shape
    assert (ema(last) - ema(alone)).norm() / ema(alone).norm() < 0.02


def test_it_stops_when_asked_to_with_a_checkpoint(shapes, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    images, holdout = split_holdout(shapes, 0)
    recipe = tiny(kimg=1000.0, mbstd_group=4)
    *_, last = train_together(images, recipe, processes=2, folder=tmp_path, holdout=holdout, stopping=lambda: True)
    assert not last.done
    assert last.checkpoint.kimg == last.kimg > 0


def test_processes_that_die_are_told_of_with_their_last_words(shapes, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(members, "SETTINGS", "elsewhere.json")
    with pytest.raises(TeamError, match=r"settings\.json"):
        list(train_together(shapes, tiny(), processes=2, folder=tmp_path, holdout=shapes))
