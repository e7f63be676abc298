"""The pages in a real browser: files sent, live figures that move, a reload, and no accessibility faults."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
PASSWORD = "correct horse 42"
REQUIRED = os.environ.get("CI") == "true"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not CHROMIUM and not REQUIRED, reason="Chromium is not installed: NOTHING was tried in a browser"
    ),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The whole program as people run it, with workers, on files of its own."""
    # Outside pytest's folder, whose name is too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="gan-"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_"))}
    environment |= {"GANERATE_VAR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3"}
    environment.pop("REDIS_URL", None)
    manage(environment, "migrate", "--verbosity", "0")
    for name in ("alice", "bob"):
        manage(environment, "create_account", f"{name}@example.com", "--name", name.title(), "--password", PASSWORD)
    port = free_port()
    command = [sys.executable, "manage.py", "run", "--port", str(port), "--quiet"]
    program = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    yield answering(f"http://127.0.0.1:{port}")
    program.send_signal(signal.SIGTERM)
    program.wait(30)
    shutil.rmtree(folder, ignore_errors=True)


def manage(environment: dict[str, str], *command: str) -> None:
    subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True, capture_output=True)


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


@pytest.fixture
def alice(site: str, browser: Browser) -> Iterator[Page]:
    yield from signed_in(site, browser, "alice")


def signed_in(site: str, browser: Browser, name: str) -> Iterator[Page]:
    """A page that fails the test when a script breaks or the content policy stops something."""
    context = browser.new_context(locale="en-US", base_url=site, viewport={"width": 1280, "height": 900})
    page, faults = context.new_page(), list[str]()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button").click()
    page.wait_for_url("**/studio/")
    yield page
    context.close()
    assert faults == []


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from generation.engine.drawn import write_zip

    path = tmp_path_factory.mktemp("drawn") / "shapes.zip"
    write_zip(path, 80, 32)
    return path


def test_from_images_to_a_job_that_moves_and_stops(alice: Page, drawn: Path):
    alice.get_by_role("link", name="Add your images").click()
    alice.get_by_label("Name").fill("Shapes")
    for box in alice.get_by_role("checkbox").all():
        box.check()
    alice.get_by_role("button", name="Continue to the images").click()
    alice.set_input_files("#id_images", drawn)
    expect(alice.get_by_role("heading", name="80 usable images")).to_be_visible(timeout=60_000)
    alice.get_by_role("link", name="Generate images").click()

    expected = alice.locator("#estimate")
    before = expected.inner_text()
    alice.get_by_label("Best").check()
    expect(expected).not_to_have_text(before)
    alice.get_by_label("How many images to generate").fill("64")
    alice.get_by_text("28 × 28").click()
    alice.get_by_role("button", name="Start", exact=True).click()

    headline = alice.locator("#headline")
    expect(headline).to_contain_text("images seen", timeout=120_000)
    seen = headline.inner_text()
    expect(headline).not_to_have_text(seen, timeout=60_000)
    expect(alice.locator("#link")).to_have_text("live")
    expect(alice.get_by_alt_text(re.compile("Images the model draws"))).to_be_visible(timeout=60_000)

    alice.reload()
    expect(headline).to_contain_text("images seen", timeout=20_000)
    expect(alice.locator("#log tr").filter(has_text="Submitted")).to_be_attached()
    expect(alice.locator("#losses canvas")).to_be_visible()

    alice.get_by_role("button", name="Stop and keep the best").click()
    alice.get_by_role("link", name="Open the dataset").click(timeout=180_000)
    expect(alice.get_by_role("heading", name="Quality report")).to_be_visible()
    alice.get_by_role("link", name="Image 5").click()
    expect(alice.get_by_role("heading", name="Image 5")).to_be_visible()
    alice.keyboard.press("ArrowRight")
    expect(alice.get_by_role("heading", name="Image 6")).to_be_visible()


def test_pages_have_no_accessibility_faults(alice: Page):
    """After the journey above, so that the pages are full."""
    alice.goto("/studio/source-sets/")
    addresses = {alice.locator("table a").first.get_attribute("href")}
    for path in ("/studio/jobs/", "/studio/datasets/"):
        alice.goto(path)
        addresses.add(alice.locator("main table a, main .cards a").first.get_attribute("href"))
    addresses |= {"/", "/studio/", "/studio/source-sets/new/", "/library/", "/profile/", "/profile/tokens/"}
    for scheme in ("light", "dark"):
        alice.emulate_media(color_scheme=scheme)
        for address in sorted(filter(None, addresses)):
            alice.goto(address)
            faults = Axe().run(alice, options=RULES).response["violations"]
            assert [(address, scheme, fault["id"], fault["nodes"][0]["html"]) for fault in faults] == []


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_the_screen(alice: Page, site: str, language: str, width: int):
    alice.set_viewport_size({"width": width, "height": 800})
    alice.context.add_cookies([{"name": "django_language", "value": language, "url": site}])
    for address in ("/", "/studio/", "/studio/source-sets/", "/studio/jobs/", "/profile/", "/profile/tokens/"):
        alice.goto(address)
        assert alice.evaluate("document.documentElement.scrollWidth") <= width, address
        assert alice.locator("html").get_attribute("lang") == language
