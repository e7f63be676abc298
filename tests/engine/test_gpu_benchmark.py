import subprocess
import sys

import pytest
import torch

from benchmarks import gpu

TINY = ["gpu", "--device", "cpu", "--seconds", "0.05", "--preset", "quick", "--resolution", "28"]


def test_without_a_gpu_it_says_so_and_gives_no_figure(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gpu"])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    gpu.main()
    said = capsys.readouterr().out
    assert said.startswith("no GPU here (")
    assert said.endswith("): nothing was measured\n")
    assert "img/s" not in said


@pytest.mark.slow
def test_it_measures_what_it_is_given(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", TINY)
    monkeypatch.setattr(gpu, "ROUND", 1)
    gpu.main()
    said = capsys.readouterr().out
    assert "% of peak" in said
    assert "aten::convolution_backward" in said


def test_it_needs_no_django():
    code = "import sys, benchmarks.gpu; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
