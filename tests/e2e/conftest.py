"""The program as people run it, and signed-in people in a real browser, for every test of the pages."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PASSWORD = "correct horse 42"
PEOPLE = f"""
from django.core.management import call_command
for name in ("alice", "bob", "charlie", "mod"):
    words = dict(name=name.title(), password={PASSWORD!r}, staff=name == "mod", operator=name == "mod")
    call_command("create_account", f"{{name}}@example.com", **words)
"""
# Other tests run beside these.
expect.set_options(timeout=30_000)
REQUIRED = os.environ.get("CI") == "true"

IN_A_BROWSER = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not CHROMIUM and not REQUIRED, reason="Chromium is not installed: NOTHING was tried in a browser"
    ),
]


@pytest.fixture(scope="session")
def inhabited(migrated: Path, once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A database with Alice, Bob, Charlie and Mod in it."""

    def inhabit(folder: Path) -> None:
        shutil.copy(migrated, folder)
        manage(of_site(folder), "shell", "-c", PEOPLE)

    return once("inhabited", inhabit) / "db.sqlite3"


@pytest.fixture(scope="module")
def environment(inhabited: Path) -> Iterator[dict[str, str]]:
    """A database with the cast in it, and a folder for files."""
    # Outside pytest's folder, whose name is too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="gan-"))
    shutil.copy(inhabited, folder)
    yield of_site(folder)
    shutil.rmtree(folder, ignore_errors=True)


def of_site(folder: Path) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_"))}
    environment |= {"GANERATE_VAR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3"}
    # Tests run beside each other: a worker that stands back from all of them comes to nothing.
    environment |= {"EMAIL_URL": f"filemail:///{folder}/mail", "WORKER_NICENESS": "0"}
    environment.pop("REDIS_URL", None)
    return environment


@pytest.fixture
def mail(environment: dict[str, str]) -> Path:
    """Where the letters lie that the site sends."""
    return Path(environment["GANERATE_VAR"]) / "mail"


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> Iterator[str]:
    """The whole program as people run it, with workers, on files of its own."""
    port = free_port()
    if "S3_BUCKET" in environment:
        # A bucket of its own: only this site's pages may send to it.
        environment |= {"SITE_URL": f"http://127.0.0.1:{port}", "S3_BUCKET": f"site-{port}"}
        manage(environment, "prepare_bucket")
    command = [sys.executable, "manage.py", "run", "--port", str(port), "--quiet"]
    program = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    yield answering(f"http://127.0.0.1:{port}")
    program.send_signal(signal.SIGTERM)
    program.wait(30)


def manage(environment: dict[str, str], *command: str) -> str:
    whole = [sys.executable, "manage.py", *command]
    done = subprocess.run(whole, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answering(address: str) -> str:
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=2)
        except OSError:
            time.sleep(0.25)
        else:
            return address
    raise AssertionError("The site did not start within a minute.")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


PAGES = pytest.StashKey[list[Page]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failure stands what people would have read then."""
    report = yield
    for page in item.stash.get(PAGES, []) if report.failed and report.when == "call" else []:
        report.sections.append((page.url, page.locator("body").inner_text(timeout=5_000)))
    return report


@pytest.fixture
def opened(site: str, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[[], Page]]:
    """opened() is a new visitor's page. The test fails when a script breaks or the content policy stops something."""
    contexts, faults = [], list[str]()
    pages = request.node.stash[PAGES] = []

    def open_page() -> Page:
        context = browser.new_context(locale="en-US", base_url=site, viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def person(opened: Callable[[], Page]) -> Callable[[str], Page]:
    """person(name) is a signed-in page."""
    return lambda name: sign_in(opened(), name)


def sign_in(page: Page, name: str) -> Page:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button").click()
    page.wait_for_url("**/studio/")
    return page


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from generation.engine.drawn import write_zip

    path = tmp_path_factory.mktemp("drawn") / "shapes.zip"
    write_zip(path, 80, 32)
    return path
