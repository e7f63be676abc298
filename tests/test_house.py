"""What every file of the house must be: templates that compile, scripts that parse, pinned packages, licences, size."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines
from django.utils.module_loading import import_string

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted(str(path.relative_to(ROOT / "templates")) for path in (ROOT / "templates").rglob("*.*"))
SCRIPTS = sorted((ROOT / "static/js").rglob("*.js"))
# The encoder's weights, at most 5 MB, are the one large thing; pictures and the rest stay small.
MOST_BYTES = {".safetensors": 5_000_000, ".po": 2_000_000, ".mo": 1_000_000}


def tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("this copy of the code is no git checkout")
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_template_compiles(name):
    engines["django"].get_template(name)


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed, so the scripts were not parsed")
def test_each_script_parses():
    for path in SCRIPTS:
        check = ["node", "--input-type=module", "--check"]
        done = subprocess.run(check, input=path.read_text(), capture_output=True, text=True)
        assert done.returncode == 0, f"{path}: {done.stderr}"


def test_no_file_is_large():
    large = [path for path in tracked() if path.stat().st_size > MOST_BYTES.get(path.suffix, 400_000)]
    assert large == []


def test_each_package_is_pinned_and_explained():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    explained = (ROOT / "docs/dependencies.md").read_text().lower()
    for line in pins + (ROOT / "requirements-dev.txt").read_text().splitlines()[1:]:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+(\[\w+\])?==[\w.]+", line), line
    assert [name for name in (re.split(r"[\[=]", pin)[0].lower() for pin in pins) if name not in explained] == []


def test_what_others_wrote_comes_with_its_licence():
    for folder in (ROOT / "static/vendor").iterdir():
        assert list(folder.glob("LICENSE*")), folder


def test_every_class_that_settings_name_is_there():
    names = [*settings.MIDDLEWARE, *settings.AUTHENTICATION_BACKENDS, settings.REST_FRAMEWORK["EXCEPTION_HANDLER"]]
    assert all(import_string(name) for name in names)


def test_links_between_the_documents_lead_somewhere():
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
