import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from generation.engine.cli import main
from generation.engine.commands.evaluating import in_one_mode
from generation.engine.data import load
from generation.engine.drawn import write_zip
from generation.engine.runs import Run

ENGINE = [sys.executable, "-m", "generation.engine"]
QUICK = ["--preset", "quick", "--resolution", "28", "--kimg", "0.13"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "shapes.zip"
    write_zip(path, 60, size=28)
    return path


@pytest.fixture(scope="module")
def run(archive, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "labelled"
    assert main(["train", str(archive), "--out", str(path), "--labels", *QUICK]) == 0
    return path


def test_training_leaves_figures_and_pictures(run):
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    assert lines[-1]["done"]
    assert lines[-1]["kimg"] == pytest.approx(0.16)
    assert Image.open(next((run / "samples").iterdir())).size == (168, 168)


def test_samples_lie_in_class_folders_and_start_where_asked(run, tmp_path, capsys):
    assert main(["sample", str(run), "--count", "12", "--out", str(tmp_path / "all")]) == 0
    assert main(["sample", str(run), "--count", "6", "--start", "6", "--out", str(tmp_path / "some")]) == 0
    everything, some = (load(tmp_path / name, 28, labels=True) for name in ("all", "some"))
    assert len(everything) == 12
    assert len(everything.classes) == 6
    assert set(some.names) < set(everything.names)
    for name in some.names:
        assert (tmp_path / "all" / name).read_bytes() == (tmp_path / "some" / name).read_bytes()


def test_classes_come_in_proportion_where_asked(run, tmp_path):
    recipe = json.loads((run / "recipe.json").read_text())
    assert recipe["images"] == {"count": 60, "classes": dict.fromkeys(recipe["resolved"]["classes"], 10)}
    recipe["images"]["classes"]["star"] = 70
    copied = shutil.copytree(run, tmp_path / "run")
    (copied / "recipe.json").write_text(json.dumps(recipe))
    assert main(["sample", str(copied), "--count", "12", "--out", str(tmp_path / "all"), "--proportion"]) == 0
    assert len(list((tmp_path / "all/star").iterdir())) == 7
    assert len(list((tmp_path / "all/ring").iterdir())) == 1


def test_evaluation_prints_and_writes_the_report(run, archive, tmp_path, capsys):
    main(["sample", str(run), "--count", "30", "--out", str(tmp_path / "fake")])
    capsys.readouterr()
    arguments = ["evaluate", "--real", archive, "--fake", tmp_path / "fake", "--json", tmp_path / "report.json"]
    assert main(list(map(str, arguments))) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert json.loads(capsys.readouterr().out) == report
    assert report["images"] == 30


def test_curves_and_growth_are_drawn_at_the_end_and_anew(run, capsys):
    (run / "curves.svg").unlink()
    assert main(["plot", str(run)]) == 0
    assert capsys.readouterr().out.split() == [str(run / "curves.svg"), str(run / "growth.png")]
    ElementTree.parse(run / "curves.svg")
    assert Image.open(run / "growth.png").size == (28, 168)


def test_a_finished_run_is_not_trained_further(run, archive, capsys):
    before = (run / "stats.jsonl").read_text()
    assert main(["train", str(archive), "--out", str(run), "--resume"]) == 0
    assert "done already" in capsys.readouterr().out
    assert (run / "stats.jsonl").read_text() == before


def test_labelled_images_are_judged_by_what_a_classifier_learns_from_them(run, archive, tmp_path, capsys):
    main(["sample", str(run), "--count", "60", "--out", str(tmp_path / "fake")])
    capsys.readouterr()
    evaluate = ["evaluate", "--real", str(archive), "--fake", str(tmp_path / "fake"), "--labels"]
    assert main(evaluate) == 0
    assert 0 <= json.loads(capsys.readouterr().out)["usefulness"]["value"] <= 1
    (tmp_path / "fake/ring").rename(tmp_path / "fake/rings")
    assert main(evaluate) == 2
    assert "not in both: ring, rings" in capsys.readouterr().err


def test_grey_images_are_compared_with_coloured_ones():
    grey, coloured = np.full((2, 8, 8, 1), 7, dtype=np.uint8), np.zeros((2, 8, 8, 3), dtype=np.uint8)
    assert [images.shape[3] for images in in_one_mode(grey, grey, grey)] == [1, 1, 1]
    real, fake, train = in_one_mode(grey, coloured, None)
    assert real.shape == fake.shape
    assert train is None
    assert (real == 7).all()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["train", "{missing}", "--out", "{tmp}/run"], "no such folder or zip"),
        (["train", "{empty}", "--out", "{tmp}/run"], "give a folder or a zip of PNG"),
        (["train", "{cut}", "--out", "{tmp}/run"], "not a whole zip"),
        (["train", "{few}", "--out", "{tmp}/run"], "49 images are too few; training needs at least 50"),
        (["train", "{archive}", "--out", "{tmp}/run", "--kimg", "-1"], "--kimg: "),
        (["train", "{archive}", "--out", "{tmp}/run", "--resume"], "checkpoint.pt: there is no checkpoint"),
        (["train", "{archive}", "--out", "{tmp}/run", "--device", "abacus"], "abacus is not a device; say cpu"),
        (["train", "{archive}", "--out", "{few}/run"], "name another place"),
        (["train", "{archive}", "--out", "{run}"], "holds a run already: go on with it by --resume"),
        (["train", "{archive}", "--out", "{run}", "--resume", "--preset", "best"], "began with preset quick"),
        (["train", "{archive}", "--out", "{run}", "--resume", "--minutes", "5"], "began with minutes left open"),
        (["sample", "{tmp}/none", "--count", "1", "--out", "{tmp}/out"], "generator.pt: there is no generator"),
        (["sample", "{tmp}/none", "--count", "0", "--out", "{tmp}/out"], "--count must be from 1 to 1,000,000"),
        (["sample", "{run}", "--count", "1", "--start", "-1", "--out", "{tmp}/out"], "--start"),
        (["sample", "{run}", "--count", "1", "--out", "{archive}"], "name another place"),
        (["evaluate", "--real", "{archive}", "--fake", "{missing}"], "no such folder or zip"),
        (["plot", "{empty}"], "name a folder that train wrote"),
    ],
)
def test_bad_input_gets_one_clear_line(arguments, reason, bad, capsys):
    assert main([part.format(**bad) for part in arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert reason in error
    assert error.count("\n") == 1


@pytest.fixture
def bad(run, archive, tmp_path):
    write_zip(tmp_path / "few.zip", 49, size=28)
    (tmp_path / "cut.zip").write_bytes(archive.read_bytes()[:5000])
    (tmp_path / "empty").mkdir()
    places = {name: tmp_path / f"{name}.zip" for name in ("few", "cut")}
    places |= {"missing": tmp_path / "nothing", "empty": tmp_path / "empty"}
    return places | {"tmp": tmp_path, "archive": archive, "run": run}


def test_a_run_goes_on_with_its_own_images_only(run, tmp_path, capsys):
    write_zip(tmp_path / "other.zip", 60, size=28, seed=1)
    assert main(["train", str(tmp_path / "other.zip"), "--out", str(run), "--resume"]) == 2
    assert "belongs to other images: go on with those that the run began with" in capsys.readouterr().err


def test_a_damaged_run_is_told(run, tmp_path, archive, capsys):
    copied = shutil.copytree(run, tmp_path / "run")
    (copied / "recipe.json").write_text("{")
    (copied / "generator.pt").write_bytes(b"PK")
    assert main(["train", str(archive), "--out", str(copied), "--resume"]) == 2
    assert "recipe.json: missing or damaged" in capsys.readouterr().err
    assert main(["sample", str(copied), "--count", "1", "--out", str(tmp_path / "out")]) == 2
    assert "generator.pt: the file is damaged" in capsys.readouterr().err


def test_a_full_disk_is_told_with_what_to_do(archive, tmp_path, monkeypatch, capsys):
    def full(self, path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("generation.engine.checkpoints.Checkpoint.save", full)
    assert main(["train", str(archive), "--out", str(tmp_path / "run"), *QUICK]) == 1
    assert capsys.readouterr().err.endswith("error: the disk is full: free some space, then go on with --resume\n")


@pytest.mark.parametrize(
    ("chosen", "ways"),
    [
        (
            ["--resolution", "64"],
            "--resolution 32 or --preset quick (narrower networks, smaller batches) or --device cpu",
        ),
        (["--resolution", "28", "--preset", "quick"], "try --device cpu"),
    ],
)
def test_too_little_memory_is_told_with_what_needs_less(archive, tmp_path, monkeypatch, capsys, chosen, ways):
    def too_much(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    monkeypatch.setattr("generation.engine.commands.training.train", too_much)
    assert main(["train", str(archive), "--out", str(tmp_path / "run"), *chosen]) == 1
    assert ways in capsys.readouterr().err


def test_a_gpu_that_fails_in_the_middle_is_told_with_the_way_on(archive, tmp_path, monkeypatch, capsys):
    def lost(*_, **__):
        raise torch.AcceleratorError("CUDA error: device is lost\nCompile with TORCH_USE_CUDA_DSA")

    monkeypatch.setattr("generation.engine.commands.training.train", lost)
    assert main(["train", str(archive), "--out", str(tmp_path / "run"), *QUICK]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.endswith("(CUDA error: device is lost): go on with --resume, with --device cpu if it stays away")


@pytest.mark.parametrize("command", ["train", "sample", "evaluate", "plot"])
def test_every_option_is_explained(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert "RUN" in (said := capsys.readouterr().out) or "IMAGES" in said
    assert "Exit codes" in said


@pytest.mark.slow
def test_a_terminated_run_can_be_sampled_and_resumed(archive, tmp_path):
    run = tmp_path / "run"
    train = [*ENGINE, "train", str(archive), "--out", str(run), *QUICK[:-1], "4"]
    process = subprocess.Popen(train, env={**os.environ, "OMP_NUM_THREADS": "1"})
    wait_for(lambda: (run / "stats.jsonl").exists() and (run / "stats.jsonl").stat().st_size)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    stopped = figures(run)[-1]
    assert not stopped["done"]
    assert main(["sample", str(run), "--count", "3", "--out", str(tmp_path / "out")]) == 0
    assert subprocess.run([*train, "--resume"], check=False).returncode == 0
    lines = figures(run)
    assert lines[-1]["done"]
    assert min(line["kimg"] for line in lines[lines.index(stopped) + 1 :]) > stopped["kimg"]


@pytest.mark.slow
def test_sampling_that_is_interrupted_says_what_makes_the_rest(run, tmp_path):
    sample = [*ENGINE, "sample", str(run), "--count", "100000", "--out", str(tmp_path / "out")]
    process = subprocess.Popen(sample, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: len(list((tmp_path / "out").glob("*/*.png"))) > 2)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    made = len(list((tmp_path / "out").glob("*/*.png")))
    assert f"interrupted after {made} of 100000 images; --start {made} --count {100_000 - made} makes the rest" in said


def test_what_a_killed_run_noted_after_its_checkpoint_comes_anew(run, tmp_path):
    copied = Run(shutil.copytree(run, tmp_path / "run"))
    checkpoint = copied.begun()
    with copied.stats.open("a") as file:
        file.write(json.dumps({"kimg": checkpoint.kimg + 1}) + '\n{"kimg": 0.3')
    copied.go_on(checkpoint)
    assert copied.stats.read_text() == (run / "stats.jsonl").read_text()


def test_sheets_of_a_long_run_stay_few(tmp_path):
    run, sheet = Run(tmp_path), np.zeros((4, 8, 8, 3), dtype=np.uint8)
    run.reserve()
    for kimg in range(1, 1001):
        run.keep_sheet(sheet, float(kimg), last=kimg == 1000)
    assert 20 < len(list(run.samples.iterdir())) < 40
    assert (run.samples / "001000000.png").exists()


def figures(run):
    return [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
