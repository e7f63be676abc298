"""Operations in a browser: it renews itself without taking away what a person is doing."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import IN_A_BROWSER, PASSWORD, manage

pytestmark = IN_A_BROWSER
MAKE = """
from django.utils import timezone
from generation.models import GenerationJob, SourceSet
from marketplace.accounts.models import User
alice = User.objects.get(email="alice@example.com")
coats, _made = SourceSet.objects.get_or_create(owner=alice, name="Coats")
GenerationJob.objects.create(
    owner=alice, source_set=coats, count=10, seed=1, requested={"preset": "quick", "resolution": 32}, state="failed",
    finished_at=timezone.now(), reason="NAME went wrong.", traceback="Traceback\\nMemoryError: NAME",
)
"""


def fail_a_job(environment: dict[str, str], name: str) -> None:
    manage(environment, "shell", "-c", MAKE.replace("NAME", name))


@pytest.fixture
def operations(environment, opened) -> Page:
    manage(environment, "create_account", "ops@example.com", "--operator", "--password", PASSWORD)
    fail_a_job(environment, "first")
    page = opened()
    page.goto("/admin/")
    page.fill("[name=username]", "ops@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.get_by_role("link", name="Operations").first.click()
    return page


def test_it_renews_itself_and_leaves_open_what_is_open(operations, environment):
    # The newest comes first, so what was first moves down.
    summary = operations.locator("summary", has_text="MemoryError: first")
    summary.focus()
    operations.keyboard.press("Enter")
    fail_a_job(environment, "second")
    expect(operations.get_by_text("second went wrong.")).to_be_visible(timeout=30_000)
    expect(operations.locator("details[open]")).to_have_count(1)
    expect(operations.locator("details[open]")).to_contain_text("first")
    expect(summary).to_be_focused()


def test_it_says_when_it_is_no_longer_renewed(operations):
    operations.context.set_offline(True)
    expect(operations.get_by_role("status")).to_contain_text("Not renewed", timeout=30_000)
    operations.context.set_offline(False)
    expect(operations.get_by_role("status")).to_be_hidden(timeout=30_000)
    expect(operations.get_by_text("went wrong").first).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
def test_a_refusal_is_told_in_words(operations, environment, width):
    operations.set_viewport_size({"width": width, "height": 900})
    operations.get_by_role("link", name="Start again").first.click()
    operations.get_by_label("Why").fill("Tried once more.")
    operations.get_by_role("button", name="Start again").click()
    # The set has no images, so nothing is trained on it, and staff are told why.
    expect(operations.locator(".messagelist")).to_contain_text("Declare first")
