"""With the keyboard alone: the content is one key away, every control shows that it has the focus, nothing traps it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import IN_A_BROWSER, manage

pytestmark = IN_A_BROWSER
LONGEST = 80
FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const seen = [element, element.closest(".choice, .card")].filter(Boolean);
  const outlined = seen.some((one) => ["", "::after"].some((part) => {
    const style = getComputedStyle(one, part || undefined);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  }));
  const label = element.labels?.[0]?.innerText ?? element.getAttribute("aria-label") ?? element.innerText;
  return { name: (label || element.name || element.id || "").trim().split("\\n")[0], outlined };
}"""
MADE = """
from marketplace.accounts.models import User
from tests.marketplace import goods
print(goods.dataset_of(User.objects.get(email="alice@example.com"), 70).get_absolute_url())
"""
# A page, and what must be reached on it, in this order.
ROUTES = {
    "/": ["Skip to the content", "GANerate", "Browse", "Search"],
    "/studio/source-sets/new/": ["Skip to the content", "Studio", "Source sets", "Name", "Continue to the images"],
    "/profile/tokens/": ["Skip to the content", "Name", "Make the token"],
}


@pytest.mark.parametrize("address", ROUTES)
def test_tab_leads_to_every_main_action_and_out_again(address: str, person: Callable[[str], Page]):
    page = person("alice")
    page.goto(address)
    path = walk(page)
    names = iter(step["name"] for step in path)
    assert [wanted for wanted in ROUTES[address] if not any(wanted == name for name in names)] == []
    assert [step["name"] for step in path if not step["outlined"]] == []


def walk(page: Page) -> list[dict]:
    """What has the focus after each Tab, until the page is left."""
    steps = []
    for _ in range(LONGEST):
        page.keyboard.press("Tab")
        step = page.evaluate(FOCUSED)
        if step is None:
            return steps
        steps.append(step)
    raise AssertionError(f"The focus never leaves the page: {[step['name'] for step in steps[-6:]]}")


def test_the_skip_link_leads_to_the_content(person: Callable[[str], Page]):
    page = person("alice")
    page.goto("/studio/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_menu_opens_and_closes_by_key(person: Callable[[str], Page]):
    page = person("alice")
    page.locator(".person > details:not(.tray) > summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Profile", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Profile", exact=True)).to_be_hidden()
    assert page.evaluate("document.activeElement.matches('.person > details:not(.tray) > summary')")


@pytest.fixture(scope="module")
def choosing(environment: dict[str, str]) -> str:
    """Where Alice chooses what stays of 70 images."""
    return manage(environment, "shell", "-c", MADE).split()[-1] + "curate/"


def image(page: Page, number: int) -> Locator:
    return page.get_by_role("checkbox", name=f"Reject image {number}", exact=True)


def press(page: Page, keys: str) -> None:
    for key in keys.split():
        page.keyboard.press(key)


def test_images_are_kept_and_rejected_by_key(person: Callable[[str], Page], choosing: str):
    page = person("alice")
    page.goto(choosing)
    press(page, "ArrowRight r r k u End r")
    page.wait_for_url("**page=2#first")
    expect(page.locator("#choice-count")).to_have_text("2 of 70 rejected")
    expect(image(page, 60)).to_be_focused()
    press(page, "ArrowLeft")
    expect(image(page, 59)).to_be_focused()
    expect(image(page, 59)).to_be_checked()
    expect(image(page, 1)).not_to_be_checked()


def test_a_choice_that_did_not_reach_the_site_is_taken_back(person: Callable[[str], Page], choosing: str):
    page = person("alice")
    page.goto(f"{choosing}?page=2")
    page.context.set_offline(True)
    press(page, "ArrowRight r")
    expect(page.get_by_role("alert")).to_contain_text("This choice was not kept")
    expect(image(page, 60)).not_to_be_checked()
    page.context.set_offline(False)
    press(page, "ArrowLeft r")
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(image(page, 60)).to_be_checked()
