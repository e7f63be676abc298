import json
import os
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

from generation.engine.cli import main
from generation.engine.data import load
from generation.engine.drawn import write_zip

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


def test_evaluation_prints_and_writes_the_report(run, archive, tmp_path, capsys):
    main(["sample", str(run), "--count", "30", "--out", str(tmp_path / "fake")])
    capsys.readouterr()
    arguments = ["evaluate", "--real", archive, "--fake", tmp_path / "fake", "--json", tmp_path / "report.json"]
    assert main(list(map(str, arguments))) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert json.loads(capsys.readouterr().out) == report
    assert report["images"] == 30


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["train", "{missing}", "--out", "{tmp}/run"], "no such folder or zip"),
        (["train", "{archive}", "--out", "{tmp}/run", "--kimg", "-1"], "kimg"),
        (["train", "{archive}", "--out", "{tmp}/run", "--resume"], "checkpoint.pt"),
        (["train", "{archive}", "--out", "{tmp}/run", "--device", "abacus"], "abacus"),
        (["sample", "{tmp}/none", "--count", "1", "--out", "{tmp}/out"], "generator.pt"),
        (["sample", "{tmp}/none", "--count", "0", "--out", "{tmp}/out"], "--count"),
        (["evaluate", "--real", "{archive}", "--fake", "{missing}"], "no such folder or zip"),
    ],
)
def test_bad_input_gets_one_clear_line(arguments, reason, archive, tmp_path, capsys):
    filled = [part.format(missing=tmp_path / "nothing", tmp=tmp_path, archive=archive) for part in arguments]
    assert main(filled) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


def test_too_few_images_are_refused(tmp_path, capsys):
    write_zip(tmp_path / "few.zip", 49, size=28)
    assert main(["train", str(tmp_path / "few.zip"), "--out", str(tmp_path / "run")]) == 2
    assert "at least 50 images" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "sample", "evaluate"])
def test_every_option_is_explained(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.count("--") > 3


@pytest.mark.slow
def test_a_terminated_run_can_be_sampled_and_resumed(archive, tmp_path):
    run = tmp_path / "run"
    train = [sys.executable, "-m", "generation.engine", "train", str(archive), "--out", str(run), *QUICK[:-1], "4"]
    process = subprocess.Popen(train, env={**os.environ, "OMP_NUM_THREADS": "1"})
    wait_for(lambda: (run / "stats.jsonl").exists() and (run / "stats.jsonl").stat().st_size)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    stopped = json.loads((run / "stats.jsonl").read_text().splitlines()[-1])
    assert not stopped["done"]
    assert main(["sample", str(run), "--count", "3", "--out", str(tmp_path / "out")]) == 0
    assert subprocess.run([*train, "--resume"], check=False).returncode == 0
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    assert lines[-1]["done"]
    assert min(line["kimg"] for line in lines[lines.index(stopped) + 1 :]) > stopped["kimg"]


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
