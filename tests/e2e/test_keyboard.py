"""With the keyboard alone: the content is one key away, every control shows that it has the focus, nothing traps it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import IN_A_BROWSER

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
    page.locator(".person summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Profile")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Profile")).to_be_hidden()
    assert page.evaluate("document.activeElement.matches('.person summary')")
