"""The house's rules about who may lean on whom."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("ganerate", "generation", "marketplace")


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py")]


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)


def test_import_rules_hold():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_generation_never_imports_the_marketplace():
    for path in python_files("generation"):
        assert not any(name.startswith(("marketplace", "ganerate")) for name in imports_of(path)), path


def test_the_engine_knows_nothing_of_django():
    outside = ("django", "rest_framework", "channels", "rq", "generation.models", "marketplace", "ganerate")
    for path in python_files("generation/engine"):
        assert not any(name.startswith(outside) for name in imports_of(path)), path


def test_the_web_process_starts_without_torch():
    code = (
        "import sys, ganerate.asgi; from django.urls import get_resolver; get_resolver().url_patterns; "
        "sys.exit('torch' in sys.modules)"
    )
    assert run_python(code).returncode == 0


def test_the_collector_leaves_alone_what_the_start_loaded():
    code = "import gc, sys, ganerate.asgi; sys.exit(gc.get_freeze_count() < 100_000)"
    assert run_python(code).returncode == 0


def test_forms_can_read_the_engines_limits_without_torch_or_numpy():
    code = "import sys, generation.engine.config; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert run_python(code).returncode == 0


def test_only_the_settings_read_the_environment():
    for path in python_files("generation", "marketplace"):
        if "engine" not in path.parts:
            assert "os.environ" not in path.read_text(), path


def test_no_drawer_modules():
    drawers = {"utils", "helpers", "services", "common", "misc", "selectors", "managers"}
    assert not [path for path in python_files(*PACKAGES) if path.stem in drawers]
