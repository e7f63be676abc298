import hashlib

import pytest
import torch

from generation.engine import checkpoints
from generation.engine.checkpoints import Checkpoint, CheckpointError, file_sha256
from generation.engine.trainer import Trainer


@pytest.fixture
def checkpoint(shapes, tiny):
    trainer = Trainer(shapes, tiny(), torch.device("cpu"))
    trainer.step()
    return trainer.checkpoint(seconds=1.5)


def test_a_file_holds_everything(checkpoint, tmp_path):
    digest = checkpoint.save(tmp_path / "one.pt")
    loaded = Checkpoint.load(tmp_path / "one.pt")
    assert digest == hashlib.sha256((tmp_path / "one.pt").read_bytes()).hexdigest() == file_sha256(tmp_path / "one.pt")
    assert (loaded.recipe, loaded.kimg, loaded.state) == (checkpoint.recipe, checkpoint.kimg, checkpoint.state)
    assert all(torch.equal(loaded.tensors[key], value) for key, value in checkpoint.tensors.items())


def test_equal_checkpoints_have_equal_hashes(checkpoint, tmp_path):
    assert checkpoint.save(tmp_path / "one.pt") == checkpoint.save(tmp_path / "other.pt")


def test_nothing_unfinished_is_left_behind(checkpoint, tmp_path):
    checkpoint.save(tmp_path / "one.pt")
    checkpoint.save(tmp_path / "one.pt")
    assert [file.name for file in tmp_path.iterdir()] == ["one.pt"]


def test_later_steps_do_not_reach_into_a_checkpoint(shapes, tiny):
    trainer = Trainer(shapes, tiny(), torch.device("cpu"))
    trainer.step()
    kept = trainer.checkpoint(seconds=0)
    before = {key: value.clone() for key, value in kept.tensors.items()}
    trainer.step()
    assert all(torch.equal(kept.tensors[key], value) for key, value in before.items())


def test_the_environment_is_recorded(checkpoint):
    assert checkpoint.environment["torch"] == torch.__version__
    assert checkpoint.environment["block"] == 64
    assert checkpoint.environment["dtype"] == checkpoint.recipe.dtype
    assert checkpoint.environment["instruction_set"] == torch.backends.cpu.get_cpu_capability()


def test_the_generator_alone_is_small_and_enough_to_sample(checkpoint):
    small = checkpoint.generator_only()
    assert len(small.to_bytes()) < len(checkpoint.to_bytes()) / 3
    assert all(torch.equal(small.part("ema")[key], value) for key, value in checkpoint.part("ema").items())


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", "cut", "flip"])
def test_a_damaged_file_is_refused_by_name(checkpoint, tmp_path, damage):
    path = tmp_path / "one.pt"
    checkpoint.save(path)
    content = path.read_bytes()
    middle = len(content) // 2
    # Longer than the padding between tensors, which no checksum covers and nobody reads.
    flipped = content[:middle] + bytes(byte ^ 255 for byte in content[middle : middle + 500]) + content[middle + 500 :]
    path.write_bytes({"cut": content[:middle], "flip": flipped}.get(damage, damage))
    with pytest.raises(CheckpointError, match=r"one\.pt"):
        Checkpoint.load(path)


def test_pickled_objects_are_refused(tmp_path):
    torch.save({"format": 1, "recipe": CheckpointError}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match=r"evil\.pt"):
        Checkpoint.load(tmp_path / "evil.pt")


def test_a_file_of_an_earlier_version_is_refused(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "FORMAT", 1)
    checkpoint.save(tmp_path / "old.pt")
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=r"old\.pt: not a checkpoint of this version"):
        Checkpoint.load(tmp_path / "old.pt")


def test_files_of_something_else_are_refused(tmp_path):
    torch.save({"weights": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match=r"other\.pt"):
        Checkpoint.load(tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match=r"missing\.pt"):
        Checkpoint.load(tmp_path / "missing.pt")
