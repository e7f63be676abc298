"""Whoever has no scripts gets there too: from images to a job that runs and is stopped, by plain forms."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import IN_A_BROWSER, sign_in

pytestmark = IN_A_BROWSER


@pytest.fixture
def plain(site: str, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(base_url=site, locale="en-US", java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_from_images_to_a_cancelled_job(plain: Page, drawn: Path):
    sign_in(plain, "alice")
    plain.goto("/studio/source-sets/new/")
    plain.get_by_label("Name").fill("Shapes")
    for box in plain.get_by_role("main").get_by_role("checkbox").all():
        box.check()
    plain.get_by_role("button", name="Continue to the images").click()
    plain.set_input_files("#id_images", drawn)
    plain.get_by_role("button", name="Upload").click()
    reload_until(plain, "Generate images")
    plain.get_by_role("link", name="Generate images").click()
    plain.get_by_label("How many images to generate").fill("64")
    plain.get_by_role("button", name="Start", exact=True).click()
    plain.get_by_role("button", name="Cancel").first.click()
    reload_until(plain, "cancelled")


def reload_until(page: Page, words: str) -> None:
    for _ in range(60):
        if words in page.get_by_role("main").inner_text():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{words!r} never came: {page.get_by_role('main').inner_text()}")


def test_a_wrong_form_keeps_what_was_written(plain: Page):
    sign_in(plain, "alice")
    plain.goto("/studio/source-sets/new/")
    plain.get_by_label("Name").fill("Winter coats")
    plain.locator("main form").evaluate("form => form.noValidate = true")
    plain.get_by_role("button", name="Continue to the images").click()
    expect(plain.get_by_label("Name")).to_have_value("Winter coats")
    assert plain.locator(".errorlist").first.inner_text()


def test_the_language_switch_stays_on_the_page(plain: Page):
    plain.goto("/?q=coat")
    plain.get_by_role("button", name="한국어").click()
    expect(plain.locator("html")).to_have_attribute("lang", "ko")
    assert plain.url.endswith("/?q=coat")
