"""Jobs that end while their owner is elsewhere: tray, toasts, bell, the browser's own notifications, letters."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.e2e.conftest import IN_A_BROWSER, manage, sign_in

pytestmark = IN_A_BROWSER

# A job that a worker seems to hold, so that the test says when it goes on and how it ends.
BEGIN = """
from datetime import timedelta
from django.utils import timezone
from generation.models import GenerationJob, Generator, JobTask, SourceSet
from marketplace.accounts.models import User
owner = User.objects.get(email="{name}@example.com")
made_of, _ = SourceSet.objects.get_or_create(owner=owner, name="겨울 외투", usable_count=80)
made, _ = Generator.objects.get_or_create(owner=owner, source_set=made_of, recipe={{}}, size=1)
job = GenerationJob.objects.create(
    public_id="{id}", owner=owner, source_set=made_of, generator=made, count=1_000, seed=1, state="running",
    stage="training", requested={{"preset": "quick", "resolution": 32}}, started_at=timezone.now(),
    mail_when_done={mail},
)
JobTask.objects.create(
    job=job, kind="train", queue="training", state="running", lease_until=timezone.now() + timedelta(hours=1)
)
"""
TICK = """
from generation import events
from generation.models import GenerationJob
job = GenerationJob.objects.get(public_id="{id}")
events.tick(job, {{"fraction": {fraction}, "seconds_left": [100, 300]}})
"""
END = """
from generation import endings
from generation.models import GenerationJob
job = GenerationJob.objects.get(public_id="{id}")
{how}
"""
SUCCEED, FAIL = "endings.succeed(job, {})", "endings.fail(job, 'The moon was in the way.')"
COVERED = """(place) => {
  place.scrollIntoView({ block: "nearest" });
  const { x, y, width, height } = place.getBoundingClientRect();
  return !place.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}"""
# What the browser would show to somebody who looks elsewhere.
ELSEWHERE = """
document.hasFocus = () => false;
window.shown = [];
window.Notification = class { constructor(title, options) { window.shown.push([title, options.body, options.tag]); } };
window.Notification.permission = "granted";
window.Notification.requestPermission = async () => "granted";
"""
REFUSED = """
window.Notification = class {};
window.Notification.permission = "denied";
window.Notification.requestPermission = async () => "denied";
"""


class Shell:
    """Does to jobs what workers would."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def say(self, code: str, **words: object) -> None:
        manage(self.environment, "shell", "-c", code.format(**words))

    def begin(self, name: str, mail: bool = False) -> UUID:
        public_id = uuid4()
        self.say(BEGIN, name=name, id=public_id, mail=mail)
        return public_id

    def end(self, public_id: UUID, how: str) -> None:
        self.say(END, id=public_id, how=how)


@pytest.fixture
def work(environment: dict[str, str]) -> Shell:
    return Shell(environment)


def tray(page: Page) -> Locator:
    return page.locator("#tray summary")


def faults(page: Page) -> list[str]:
    return [f"{fault['id']}: {fault['nodes'][0]['html']}" for fault in Axe().run(page).response["violations"]]


@pytest.mark.parametrize("width", [1280, 360])
def test_a_job_ends_while_another_page_is_open(width: int, work: Shell, person: Callable[[str], Page]) -> None:
    job = work.begin("alice")
    alice = person("alice")
    alice.set_viewport_size({"width": width, "height": 780})
    alice.goto("/profile/")
    expect(tray(alice)).to_have_accessible_name("1 generation job under way")
    tray(alice).press("Enter")
    row = alice.locator(f"[data-job='{job}']")
    expect(row.get_by_role("link")).to_contain_text("Training", ignore_case=True)
    work.say(TICK, id=job, fraction=0.43)
    expect(row.get_by_role("progressbar")).to_have_js_property("value", 0.43)
    expect(row).to_contain_text("5 min")
    assert faults(alice) == []
    alice.keyboard.press("Escape")
    expect(tray(alice)).to_be_focused()
    expect(row).to_be_hidden()
    work.end(job, SUCCEED)
    toast = alice.get_by_role("status").locator(".toast")
    expect(toast).to_contain_text("겨울 외투")
    expect(tray(alice)).to_have_accessible_name("No generation job under way")
    expect(alice.locator("#bell")).to_have_accessible_name(re.compile("unread"))
    assert faults(alice) == []
    for control in alice.locator("main button, main input, main select, footer a").all():
        if control.is_visible():
            assert not control.evaluate(COVERED)
    wide = alice.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0
    toast.get_by_role("button", name="Dismiss").press("Enter")
    expect(toast).to_have_count(0)


def test_the_bar_does_not_move_when_numbers_come_and_go(work: Shell, person: Callable[[str], Page]) -> None:
    bob = person("bob")
    bob.set_viewport_size({"width": 360, "height": 780})
    before = bob.locator(".top").bounding_box(), bob.locator("#bell").bounding_box()
    job = work.begin("bob")
    work.say(TICK, id=job, fraction=0.1)
    work.end(job, FAIL)
    expect(bob.locator("#bell-tally")).to_be_visible()
    assert (bob.locator(".top").bounding_box(), bob.locator("#bell").bounding_box()) == before


def test_one_tab_of_two_tells(work: Shell, person: Callable[[str], Page]) -> None:
    first = person("charlie")
    second = first.context.new_page()
    second.goto("/library/")
    job = work.begin("charlie")
    work.end(job, FAIL)
    for page in (first, second):
        expect(page.locator("#bell-tally")).to_have_text("1")
    time.sleep(3)
    assert first.locator(".toast").count() + second.locator(".toast").count() == 1


def test_without_sockets_the_tray_asks(work: Shell, person: Callable[[str], Page]) -> None:
    mod = person("mod")
    mod.route_web_socket("**/ws/me/", WebSocketRoute.close)
    mod.goto("/library/")
    job = work.begin("mod")
    expect(mod.locator("#tray-tally")).to_have_text("1", timeout=60_000)
    work.end(job, FAIL)
    expect(mod.locator(".toast")).to_contain_text("겨울 외투", timeout=60_000)


def test_whoever_is_signed_out_is_not_asked_again(person: Callable[[str], Page]) -> None:
    alice = person("alice")
    alice.goto("/library/")
    alice.context.clear_cookies()
    asked = []
    alice.route("**/jobs/tray/", lambda route: (asked.append(1), route.continue_()))
    with alice.expect_request("**/jobs/tray/"):
        tray(alice).click()
    expect(alice.locator("#tray").get_by_role("link", name="All generation jobs")).to_be_visible()
    alice.wait_for_timeout(1000)
    assert asked == [1]
    expect(alice.locator("#tray-panel [data-job]")).to_have_count(0)


def test_the_job_s_own_page_says_it_alone(work: Shell, person: Callable[[str], Page]) -> None:
    job = work.begin("alice")
    alice = person("alice")
    alice.goto(f"/studio/jobs/{job}/")
    work.end(job, FAIL)
    expect(alice.locator("#ending")).to_contain_text("The moon was in the way.")
    alice.wait_for_timeout(2000)
    expect(alice.locator(".toast")).to_have_count(0)


def test_notifications_are_read_and_the_list_renews_itself(work: Shell, person: Callable[[str], Page]) -> None:
    alice = person("alice")
    alice.locator("#bell").click()
    expect(alice.get_by_role("heading", name="Notifications")).to_be_visible()
    work.end(work.begin("alice"), FAIL)
    row = alice.locator(".notifications li").first
    expect(row).to_contain_text("The moon was in the way.", timeout=10_000)
    alice.get_by_role("button", name="Mark all as read").click()
    expect(alice.get_by_text("You have read everything.")).to_be_visible()
    expect(alice.locator("#bell-tally")).to_be_hidden()


def shown(page: Page) -> list[list[str]]:
    """The browser's own notifications, once there is one; the page's policy keeps playwright from waiting for it."""
    for _ in range(100):
        if found := page.evaluate("window.shown"):
            break
        page.wait_for_timeout(100)
    return found


def test_a_browser_tells_only_who_asked_it_to(work: Shell, opened: Callable[[], Page]) -> None:
    page = opened()
    page.add_init_script(ELSEWHERE)
    bob = sign_in(page, "bob")
    work.end(work.begin("bob"), FAIL)
    expect(bob.locator(".toast")).to_have_count(1)
    assert bob.evaluate("window.shown") == []
    bob.goto("/notifications/")
    button = bob.get_by_role("button", name="Tell me in this browser, too")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(bob.get_by_text("as long as a page of this site is open")).to_be_visible()
    bob.goto("/profile/")
    job = work.begin("bob")
    work.end(job, FAIL)
    (told,) = shown(bob)
    assert told == ["Job failed: 겨울 외투", "The moon was in the way.", f"/studio/jobs/{job}/"]


def test_a_browser_that_refuses_says_what_to_do(opened: Callable[[], Page]) -> None:
    page = opened()
    page.add_init_script(REFUSED)
    bob = sign_in(page, "bob")
    bob.goto("/notifications/")
    bob.get_by_role("button", name="Tell me in this browser").click()
    expect(bob.get_by_text("Allow them in the browser's settings")).to_be_visible()


def test_a_letter_comes_when_the_job_ends(work: Shell, person: Callable[[str], Page], mail: Path) -> None:
    job = work.begin("alice")
    alice = person("alice")
    alice.goto(f"/studio/jobs/{job}/")
    button = alice.get_by_role("button", name="E-mail me when it ends")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(alice.get_by_text("A letter goes to alice@example.com.")).to_be_visible()
    before = letters(mail)
    work.end(job, FAIL)
    for _ in range(60):
        if letters(mail) != before:
            break
        time.sleep(0.5)
    (text,) = letters(mail) - before
    assert str(job) in text


def letters(folder: Path) -> set[str]:
    return {path.read_text() for path in folder.glob("*")} if folder.exists() else set()


def test_without_scripts_the_tray_leads_to_the_jobs(site: str, browser, person: Callable[[str], Page]) -> None:
    state = person("alice").context.storage_state()
    context = browser.new_context(base_url=site, java_script_enabled=False, storage_state=state)
    page = context.new_page()
    page.goto("/library/")
    tray(page).click()
    page.locator("#tray").get_by_role("link", name="All generation jobs").click()
    assert page.url.endswith("/studio/jobs/")
    context.close()
