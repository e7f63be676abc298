"""A job followed live in a real browser: by socket, by event stream, by asking; lists and galleries by keyboard."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, WebSocket, WebSocketRoute, expect

from benchmarks.processes import web
from tests.e2e.conftest import IN_A_BROWSER, ROOT

pytestmark = IN_A_BROWSER

# What a seller does on the way to a running job, without the clicks that other tests make.
SUBMIT = """
import io, sys, time
from django.core.files.uploadedfile import SimpleUploadedFile
from generation import jobs, source_sets, uploads
from generation.engine.config import RecipeRequest
from generation.engine.drawn import write_zip
from marketplace.accounts.models import User

kimg, count = {kimg}, {count}
alice = User.objects.get(email="alice@example.com")
shapes = source_sets.create(alice, "Shapes", dict.fromkeys(source_sets.DECLARATION, True))
archive = io.BytesIO()
write_zip(archive, 60, 32)
uploads.receive(shapes, SimpleUploadedFile("shapes.zip", archive.getvalue()))
while shapes.uploads.exclude(state="done").exists():
    time.sleep(0.2)
shapes.refresh_from_db()
job = jobs.submit(alice, shapes, count=count, request=RecipeRequest(preset="quick", resolution=28, kimg=kimg))
print(job.get_absolute_url())
"""


@pytest.fixture
def submit(site: str, environment: dict[str, str]) -> Callable[..., str]:
    """submit(kimg) is the address of a job that a worker takes at once."""

    def make(kimg: float = 10_000.0, count: int = 64) -> str:
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", SUBMIT.format(kimg=kimg, count=count)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return make


def cut_sockets(page: Page) -> list[str]:
    """Every WebSocket is closed as a proxy would that does not know them."""
    tried: list[str] = []

    def close(socket: WebSocketRoute) -> None:
        tried.append(socket.url)
        socket.close(code=1011)

    page.route_web_socket(re.compile("/ws/jobs/"), close)
    return tried


def cut_streams(page: Page) -> list[str]:
    tried: list[str] = []

    def abort(route: Route) -> None:
        tried.append(route.request.url)
        route.abort()

    page.route("**/api/v1/jobs/*/events/**", abort)
    return tried


def moves(headline: Locator) -> None:
    expect(headline).to_contain_text("images seen", timeout=90_000)
    expect(headline).not_to_have_text(headline.inner_text(), timeout=60_000)


def cancel(page: Page) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#state")).to_have_text("cancelled", timeout=60_000)


def test_where_no_socket_gets_through_the_event_stream_does(person: Callable[[str], Page], submit: Callable[..., str]):
    alice = person("alice")
    tried, address = cut_sockets(alice), submit()
    with alice.expect_request(re.compile(r"/api/v1/jobs/.*/events/"), timeout=60_000) as stream:
        alice.goto(address)
    assert len(tried) == 2
    assert "after=" in stream.value.url
    expect(alice.locator("#link")).to_have_text("live", timeout=60_000)
    moves(alice.locator("#headline"))
    expect(alice.locator("#log tr").filter(has_text="Submitted")).to_have_count(1)
    cancel(alice)


def test_where_nothing_stays_open_the_page_asks_every_few_seconds(
    person: Callable[[str], Page], submit: Callable[..., str]
):
    alice = person("alice")
    sockets, streams = cut_sockets(alice), cut_streams(alice)
    alice.goto(submit())
    expect(alice.locator("#link")).to_have_text("updated every few seconds", timeout=60_000)
    assert len(sockets) == len(streams) == 2
    moves(alice.locator("#headline"))
    expect(alice.locator("#log tr").filter(has_text="Submitted")).to_have_count(1)
    read_as_a_table(alice)
    walk_through_samples(alice)
    cancel(alice)
    expect(alice.locator("#ending")).to_contain_text("This job was cancelled")
    expect(alice.get_by_role("link", name="Run again")).to_be_visible()


def read_as_a_table(alice: Page) -> None:
    """What the curve shows, for whoever does not see it."""
    expect(alice.locator("#losses")).to_have_attribute("aria-label", re.compile(r"Losses: discriminator \d"))
    table = alice.locator("#losses-table")
    expect(table.locator("tr")).to_have_count(0)
    alice.locator("details", has=table).locator("summary").press("Enter")
    expect(table.locator("tr").first).to_contain_text(re.compile(r"\d"))
    expect(table.locator("th[scope=row]").first).to_be_visible()


def walk_through_samples(alice: Page) -> None:
    """A slider from the first sample to the newest: arrows, Home and End; at its right end it follows the newest."""
    slider, image = alice.locator("#sample-time"), alice.locator("#sample")
    expect(slider).to_be_enabled(timeout=60_000)
    slider.focus()
    alice.keyboard.press("Home")
    first = image.get_attribute("src")
    assert first
    assert first.endswith("/previews/1/")
    alice.keyboard.press("ArrowRight")
    expect(image).to_have_attribute("src", re.compile("/previews/2/$"))
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"after [\d,]+ images seen"))
    assert "thousand images seen" in (image.get_attribute("alt") or "")


def listened(page: Page) -> tuple[list[str], list[int]]:
    """The sockets of the job that the page opens from now on, and the numbers of the events that they bring."""
    sockets, numbers = list[str](), list[int]()

    def hear(frame: str | bytes) -> None:
        number = json.loads(frame).get("number")
        numbers.extend([number] if number else [])

    def meet(socket: WebSocket) -> None:
        if "/ws/jobs/" in socket.url:
            sockets.append(socket.url)
            socket.on("framereceived", hear)

    page.on("websocket", meet)
    return sockets, numbers


def without_holes(sockets: list[str], numbers: list[int]) -> bool:
    """A socket goes on right after what the page has, which may have come by asking meanwhile."""
    starts = {int(address.rpartition("=")[2]) + 1 for address in sockets}
    return all(number - 1 in numbers or number in starts for number in numbers)


def test_nothing_is_missed_when_the_server_is_killed(
    person: Callable[[str], Page], submit: Callable[..., str], environment: dict[str, str]
):
    alice = person("alice")
    sockets, numbers = listened(alice)
    alice.goto(submit())
    moves(alice.locator("#headline"))
    os.kill(web(Path(environment["GANERATE_VAR"])), signal.SIGKILL)
    expect(alice.locator("#link")).to_have_text("connecting…", timeout=20_000)
    expect(alice.locator("#link")).to_have_text("live", timeout=60_000)
    moves(alice.locator("#headline"))
    assert len(sockets) > 1
    assert numbers == sorted(set(numbers))
    assert without_holes(sockets, numbers)
    cancel(alice)


def test_a_page_connects_anew_as_soon_as_the_network_is_back(person: Callable[[str], Page], submit: Callable[..., str]):
    alice = person("alice")
    sockets, numbers = listened(alice)
    alice.goto(submit())
    expect(alice.locator("#link")).to_have_text("live", timeout=60_000)
    with alice.expect_websocket(lambda socket: "/ws/jobs/" in socket.url, timeout=5_000):
        alice.evaluate("window.dispatchEvent(new Event('online'))")
    expect(alice.locator("#link")).to_have_text("live")
    assert len(sockets) == 2
    assert without_holes(sockets, numbers)
    cancel(alice)


def test_a_list_follows_its_jobs_by_itself(person: Callable[[str], Page], submit: Callable[..., str]):
    alice = person("alice")
    address = submit(kimg=2.0, count=150)
    alice.goto("/studio/jobs/")
    row = alice.get_by_role("row").filter(has=alice.locator(f"a[href='{address}']"))
    expect(row.locator(".badge")).to_have_text(re.compile("queued|running"))
    expect(row.locator(".badge")).to_have_text("succeeded", timeout=180_000)
    expect(row.locator("img")).to_be_visible()
    expect(alice.locator("#jobs")).not_to_have_attribute("hx-get", re.compile("."), timeout=60_000)
    row.get_by_role("link").click()
    alice.get_by_role("link", name="Open the dataset").click()
    leaf_through(alice)


def leaf_through(alice: Page) -> None:
    """The keyboard goes through the gallery's pages and stays where it was."""
    gallery = alice.locator("#gallery")
    alice.wait_for_load_state("load")
    gallery.get_by_role("link", name="Next").press("Enter")
    expect(gallery.get_by_role("link", name="Image 60", exact=True)).to_be_visible()
    expect(gallery.get_by_role("link", name="Next")).to_be_focused()
    alice.keyboard.press("Enter")
    expect(gallery.get_by_role("link", name="Image 120", exact=True)).to_be_visible()
    assert "page=3" in alice.url
