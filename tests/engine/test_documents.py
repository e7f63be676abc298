"""What docs/engine.md and docs/engine.ipynb show runs as it stands there, with a shorter training."""

import json
import re
import shlex
from pathlib import Path

import pytest

from generation.engine.drawn import write_zip
from generation.engine.options import parser

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOTEBOOK = json.loads((DOCS / "engine.ipynb").read_text())
CODE = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / "engine.md").read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_notebook_runs():
    settings, *cells = CODE
    names = {}
    assert "IMAGES, SIDE, KIMG = " in settings
    exec("IMAGES, SIDE, KIMG = 210, 28, 0.2", names)
    for cell in cells:
        exec(compile(cell, "docs/engine.ipynb", "exec"), names)
    assert names["progress"].done
    assert names["report"]["images"] == len(names["images"])


def test_the_notebook_shows_what_running_it_gave():
    cells = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4
    assert sum("image/svg+xml" in output.get("data", {}) for output in outputs) == 1


@pytest.mark.slow
def test_the_python_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_zip("photos.zip", 210, size=28)
    names = {}
    for block in blocks("python"):
        exec(compile(block.replace("64", "28").replace("kimg=None", "kimg=0.2"), "docs/engine.md", "exec"), names)
    assert len(list(Path("images").glob("*.png"))) == 100


def test_the_commands_of_the_page_are_understood():
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("python -m generation")]
    assert {parser().parse_args(shlex.split(line)[3:]).command for line in lines} >= {
        "train",
        "sample",
        "evaluate",
        "plot",
    }
