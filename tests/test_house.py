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
# The encoder's weights are the largest thing. A receipt's font has all 11,172 Hangul syllables: a name may have any.
MOST_BYTES = {".safetensors": 5_000_000, ".ttf": 1_400_000, ".po": 2_000_000, ".mo": 1_000_000}


def tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("this copy of the code is no git checkout")
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_template_compiles(name):
    engines["django"].get_template(name)


def test_no_class_is_styled_in_two_files():
    """Two things of one name met on a page: the number of finds stood in the bell's red dot."""
    homes: dict[str, set[str]] = {}
    own = {path for path in (ROOT / "static/css").glob("*.css") if path.stem not in ("print", "admin", "staff", "base")}
    for path in own:
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        for selector in ",".join(re.findall(r"([^{}]+)\{", text)).split(","):
            if re.fullmatch(r"\.[\w-]+", selector.strip()):
                homes.setdefault(selector.strip(), set()).add(path.name)
    # The tray stands among the person's links and widens them.
    assert {name for name, found in homes.items() if len(found) > 1} == {".person"}


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed, so the scripts were not parsed")
def test_each_script_parses():
    for path in SCRIPTS:
        check = ["node", "--input-type=module", "--check"]
        done = subprocess.run(check, input=path.read_text(), capture_output=True, text=True)
        assert done.returncode == 0, f"{path}: {done.stderr}"


def test_no_file_is_large():
    large = [path for path in tracked() if path.stat().st_size > MOST_BYTES.get(path.suffix, 400_000)]
    assert large == []


def pinned(name: str) -> list[str]:
    return [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]


def test_each_package_is_pinned_and_explained():
    pins = pinned("requirements.txt")
    explained = (ROOT / "docs/dependencies.md").read_text().lower()
    for line in pins + pinned("requirements-dev.txt")[1:]:
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
