"""What is told before any training or sampling, on the command line."""

import os
from types import SimpleNamespace

import pytest
from PIL import Image

from generation.engine import needs
from generation.engine.checkpoints import Checkpoint
from generation.engine.cli import main
from generation.engine.drawn import write_folder
from generation.engine.runs import Run


@pytest.fixture
def folder(tmp_path):
    """Exactly as many images as are needed."""
    write_folder(tmp_path / "images", 50, size=28)
    return tmp_path / "images"


def told(folder, capsys, *options) -> str:
    assert main(["train", str(folder), "--out", f"{folder}-run", "--resolution", "28", "--kimg", "0.1", *options]) == 2
    assert not Run(folder.with_name(f"{folder.name}-run")).checkpoint.exists()
    return capsys.readouterr().err


def test_fifty_images_are_enough(folder, tmp_path):
    run = tmp_path / "run"
    arguments = ["--resolution", "28", "--preset", "quick", "--kimg", "0.1"]
    assert main(["train", str(folder), "--out", str(run), *arguments]) == 0
    assert main(["sample", str(run), "--count", "3", "--out", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").rglob("*.png"))) == 3


def test_forty_nine_are_not(folder, capsys):
    next(folder.rglob("*.png")).unlink()
    assert "49 images are too few; training needs at least 50" in told(folder, capsys)


def test_an_unreadable_image_is_named(folder, capsys):
    (folder / "broken.png").write_bytes(b"\x89PNG and then nothing")
    assert "broken.png: the image cannot be read" in told(folder, capsys)


def test_images_that_are_all_the_same_teach_nothing(folder, capsys):
    for path in folder.rglob("*.png"):
        Image.new("RGB", (28, 28), "teal").save(path)
    assert "all images are the same" in told(folder, capsys)


def test_white_on_nothing_is_the_same_everywhere_once_it_is_put_on_white(folder, capsys, tmp_path):
    for number, path in enumerate(sorted(folder.rglob("*.png"))):
        image = Image.new("RGBA", (28, 28), (255, 255, 255, 0))
        image.paste((255, 255, 255, 255), (0, 0, 2 + number // 2, 28 - number % 2))
        image.save(path)
    assert "all images are the same" in told(folder, capsys)
    kept = ["--transparency", "keep", "--resolution", "28", "--preset", "quick", "--kimg", "0.1"]
    assert main(["train", str(folder), "--out", str(tmp_path / "kept"), *kept]) == 0
    assert Checkpoint.load(Run(tmp_path / "kept").generator).recipe.channels == 4


def test_a_resolution_that_is_not_offered_is_refused(folder, capsys):
    with pytest.raises(SystemExit):
        main(["train", str(folder), "--out", "run", "--resolution", "48"])
    assert "choose from" in capsys.readouterr().err


def test_too_little_memory_is_told_with_what_would_fit(folder, capsys, monkeypatch):
    monkeypatch.setattr(needs, "free_bytes", lambda device: 300_000_000)
    error = told(folder, capsys, "--preset", "best", "--resolution", "128")
    assert "0.3 GB are free; would fit: resolution 32" in error


def test_a_disk_too_small_for_so_many_images_is_told(folder, tmp_path, capsys, monkeypatch):
    run = ["--resolution", "28", "--preset", "quick", "--kimg", "0.1"]
    assert main(["train", str(folder), "--out", str(tmp_path / "run"), *run]) == 0
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=1000, f_frsize=4096))
    capsys.readouterr()
    assert main(["sample", str(tmp_path / "run"), "--count", "1001", "--out", str(tmp_path / "out")]) == 2
    assert "make room, or at most 1,000 images" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
