"""The engine as a library of its own: without Django, with nothing but PyTorch, NumPy and Pillow installed."""

import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from generation.engine.drawn import write_zip

ENGINE = Path(__file__).resolve().parents[2] / "generation/engine"
NEEDED = ("torch", "numpy", "pillow")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Runs Python where only the engine and what it needs can be imported."""
    place = tmp_path_factory.mktemp("bare")
    (place / "generation").mkdir()
    (place / "generation/__init__.py").touch()
    (place / "generation/engine").symlink_to(ENGINE)
    for name in closure(NEEDED):
        for file in {Path(file.parts[0]) for file in distribution(name).files or () if file.parts[0] != ".."}:
            if not (place / file).exists():
                (place / file).symlink_to(distribution(name).locate_file(file))

    def run(*arguments):
        # -S: the site-packages of this interpreter stay out of reach.
        command = [sys.executable, "-S", *map(str, arguments)]
        settings = {**os.environ, "PYTHONPATH": str(place), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, cwd=place, env=settings, capture_output=True, text=True)

    return run


def closure(names):
    """Distributions and all that they need here."""
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        try:
            needs = distribution(name).requires or ()
        except PackageNotFoundError:
            continue
        if name not in found:
            found.add(name)
            waiting += [re.match(r"[\w.-]+", need)[0] for need in needs if "extra ==" not in need]
    return found


def test_django_is_out_of_reach(bare):
    assert "No module named 'django'" in bare("-c", "import django").stderr
    assert "No module named 'torchvision'" in bare("-c", "import torchvision").stderr


def test_every_module_can_be_imported(bare):
    modules = [path.relative_to(ENGINE.parents[1]).with_suffix("") for path in sorted(ENGINE.rglob("*.py"))]
    names = [".".join(path.parts).removesuffix(".__init__") for path in modules if path.stem != "__main__"]
    done = bare("-c", f"import importlib; [importlib.import_module(name) for name in {names!r}]")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_command_line_works(bare, tmp_path):
    write_zip(tmp_path / "shapes.zip", 60, size=28)
    quick = ["--preset", "quick", "--resolution", "28", "--kimg", "0.1"]
    for arguments in (
        ["train", tmp_path / "shapes.zip", "--out", tmp_path / "run", *quick],
        ["sample", tmp_path / "run", "--count", "30", "--out", tmp_path / "images"],
        ["evaluate", "--real", tmp_path / "shapes.zip", "--fake", tmp_path / "images"],
        ["plot", tmp_path / "run"],
    ):
        done = bare("-m", "generation.engine", *arguments)
        assert done.returncode == 0, done.stderr
