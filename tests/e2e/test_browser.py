"""The pages in a real browser: files sent, live figures that move, a reload, and no accessibility faults."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import IN_A_BROWSER

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}

pytestmark = IN_A_BROWSER


def test_from_images_to_a_dataset_in_the_buyers_library(person: Callable[[str], Page], drawn: Path):
    alice, mod, bob = person("alice"), person("mod"), person("bob")
    send_images(alice, drawn)
    order(alice)
    watch(alice)
    stop_and_open(alice)
    look_at_one_image(alice)
    sell(alice)
    approve(mod, alice.url.rstrip("/").rsplit("/", 1)[1])
    buy(bob)
    judge(alice, [*OWN, *(first_link(alice, path) for path in LISTS)])
    judge(bob, ["/", first_link(bob, "/"), "/library/", first_link(bob, "/library/")])


def send_images(alice: Page, drawn: Path) -> None:
    alice.get_by_role("link", name="Add your images").click()
    alice.get_by_label("Name").fill("Shapes")
    for box in alice.get_by_role("checkbox").all():
        box.check()
    alice.get_by_role("button", name="Continue to the images").click()
    alice.set_input_files("#id_images", drawn)
    expect(alice.get_by_role("heading", name="80 usable images")).to_be_visible(timeout=60_000)
    alice.get_by_role("link", name="Generate images").click()


def order(alice: Page) -> None:
    expected = alice.locator("#estimate")
    before = expected.inner_text()
    alice.get_by_label("Best").check()
    expect(expected).not_to_have_text(before)
    alice.get_by_label("How many images to generate").fill("64")
    alice.get_by_text("28 × 28").click()
    alice.get_by_role("button", name="Start", exact=True).click()


def watch(alice: Page) -> None:
    """The figures move by themselves, and after a reload everything is there again."""
    headline = alice.locator("#headline")
    expect(headline).to_contain_text("images seen", timeout=120_000)
    expect(headline).not_to_have_text(headline.inner_text(), timeout=60_000)
    expect(alice.locator("#link")).to_have_text("live")
    expect(alice.get_by_alt_text(re.compile("Images the model draws"))).to_be_visible(timeout=60_000)
    alice.reload()
    expect(headline).to_contain_text("images seen", timeout=20_000)
    expect(alice.locator("#log tr").filter(has_text="Submitted")).to_be_attached()
    expect(alice.locator("#losses canvas")).to_be_visible()


def stop_and_open(alice: Page) -> None:
    alice.get_by_role("button", name="Stop and keep the best").click()
    alice.get_by_role("link", name="Open the dataset").click(timeout=180_000)
    expect(alice.get_by_role("heading", name="Quality report")).to_be_visible()


def look_at_one_image(alice: Page) -> None:
    alice.get_by_role("link", name="Image 5", exact=True).click()
    expect(alice.get_by_role("heading", name="Image 5")).to_be_visible()
    alice.wait_for_load_state()
    alice.keyboard.press("ArrowRight")
    expect(alice.get_by_role("heading", name="Image 6")).to_be_visible()
    alice.locator(".crumbs a").click()


def sell(alice: Page) -> None:
    alice.get_by_role("link", name="Make a listing").click()
    alice.get_by_label("Title").fill("Drawn shapes")
    alice.get_by_role("radio").first.check()
    alice.get_by_label("Description").fill("Shapes drawn by formulas.")
    alice.get_by_label("Price").fill("1000")
    alice.get_by_role("button", name="Save the draft").click()
    alice.get_by_role("button", name="Submit for review").click()
    expect(alice.get_by_role("heading", name="In review")).to_be_visible()


def approve(mod: Page, listing: str) -> None:
    token = next(cookie["value"] for cookie in mod.context.cookies() if cookie["name"] == "csrftoken")
    address, headers = f"/api/v1/listings/{listing}/decisions/", {"X-CSRFToken": token}
    assert mod.request.post(address, data={"outcome": "approve"}, headers=headers).status == 201
    # A worker writes the sold files.
    for _ in range(150):
        if mod.request.get(f"/api/v1/listings/{listing}/").json()["state"] == "published":
            return
        mod.wait_for_timeout(200)
    raise AssertionError("approved, and not on sale within 30 s")


def buy(bob: Page) -> None:
    bob.goto("/")
    bob.get_by_role("link", name="Drawn shapes").click()
    bob.get_by_role("link", name="Buy", exact=True).click()
    bob.get_by_role("checkbox").check()
    bob.get_by_role("main").get_by_role("button").click()
    link = bob.locator("#files ~ ul a")
    with bob.expect_download() as download:
        link.click()
    digest = hashlib.sha256(download.value.path().read_bytes()).hexdigest()
    expect(bob.locator("#files ~ ul .hash")).to_contain_text(digest)


OWN = ["/", "/studio/", "/studio/source-sets/new/", "/library/", "/profile/", "/profile/tokens/"]
LISTS = ["/studio/source-sets/", "/studio/jobs/", "/studio/datasets/", "/studio/listings/"]


def first_link(page: Page, path: str) -> str:
    page.goto(path)
    return page.locator("main table a, main .cards a").first.get_attribute("href") or path


def judge(page: Page, addresses: list[str]) -> None:
    """No accessibility fault in light or dark, and nothing wider than a small screen."""
    for scheme, width in (("light", 1280), ("dark", 360)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        for address in addresses:
            page.goto(address)
            faults = Axe().run(page, options=RULES).response["violations"]
            assert [(address, scheme, fault["id"], fault["nodes"][0]["html"]) for fault in faults] == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_the_screen_in_korean(person: Callable[[str], Page], site: str, width: int):
    bob = person("bob")
    bob.set_viewport_size({"width": width, "height": 800})
    bob.context.add_cookies([{"name": "django_language", "value": "ko", "url": site}])
    for address in [*OWN, *LISTS]:
        bob.goto(address)
        assert bob.evaluate("document.documentElement.scrollWidth") <= width, address
        assert bob.locator("html").get_attribute("lang") == "ko"
