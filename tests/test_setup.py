"""The set-up of a fresh checkout where it can't succeed: what it says, and that it says it at once."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("Makefile", "requirements.txt", "requirements-dev.txt", ".ci/setup")

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk or work as somebody else")


def checkout(folder: Path) -> Path:
    (folder / ".ci").mkdir(parents=True)
    for name in NEEDED:
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_too_little_disk_is_said_before_anything_is_downloaded(small_disk):
    done = subprocess.run([".ci/setup"], cwd=checkout(small_disk / "g"), capture_output=True, text=True, timeout=10)
    assert done.returncode == 1
    assert "the packages need 4 GB of disk" in done.stderr
    assert not (small_disk / "g/.venv").exists()


def test_a_checkout_of_somebody_else_is_said(tmp_path):
    folder = checkout(tmp_path / "g")
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    done = subprocess.run([".ci/setup"], cwd=folder, user=65534, capture_output=True, text=True, timeout=10)
    assert done.returncode == 1
    assert "can't be written by nobody" in done.stderr


def test_a_python_that_is_too_old_or_missing_is_said(tmp_path):
    nothing = tmp_path / "bin"
    nothing.mkdir()
    for tool in ("bash", "cat", "sha256sum", "cut", "df", "awk", "id", "pwd", "dirname", "env"):
        (nothing / tool).symlink_to(shutil.which(tool))
    folder = checkout(tmp_path / "g")
    done = subprocess.run(
        [".ci/setup"], cwd=folder, env={"PATH": str(nothing)}, capture_output=True, text=True, timeout=10
    )
    assert done.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13 and found none" in done.stderr
