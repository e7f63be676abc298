"""The page of a job at each stage, after a reload, in a second tab, on a phone, and with a thousand events."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import IN_A_BROWSER, manage
from tests.e2e.test_every_page import RULES
from tests.generation.test_spans import SAID

pytestmark = IN_A_BROWSER
HEADLINES = {
    "preparing": "Getting ready",
    "training": "120,000 of 120,000 images seen",
    "sampling": "2,100 of 5,000 images generated",
    "screening": "2,100 of 5,000 images compared",
    "evaluating": "Measuring quality",
    "packing": "2,100 of 5,000 images packed",
}
SHOWN = ["#headline", "#state", "#progress-title", "#happening", "#gauges", "#sample-kimg", "#log", "#losses-table"]
# Long tasks of the main thread, in milliseconds, from the first moment of the page on.
WATCH_TASKS = """
window.longest = 0;
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
}).observe({ type: "longtask", buffered: true });
"""


@pytest.fixture
def job_at(site: str, environment: dict[str, str]) -> Callable[..., str]:
    """job_at(stage) is the address of a job that stands there."""

    def make(stage: str, events: int = 40, then: str = "") -> str:
        made = f"from tests.e2e.stages import job_at; job = job_at({stage!r}, {events})"
        found = manage(environment, "shell", "-v", "0", "-c", f"{made}\n{then}\nprint(job.get_absolute_url())")
        return found.strip().splitlines()[-1]

    return make


def shown(page: Page) -> list[str]:
    """All that does not change by itself as time passes."""
    expect(page.locator("#link")).to_have_text("live", timeout=60_000)
    expect(page.locator("#log tr").filter(has_text="Submitted")).to_have_count(1)
    page.locator("details", has=page.locator("#losses-table")).locator("summary").press("Enter")
    # The newest of a training that is over, once all its events were replayed.
    expect(page.locator("#losses-table tr").first).to_contain_text("120")
    return [page.locator(part).inner_text() for part in SHOWN]


SPANS = """async (ranges) => {
  const { span } = await import("/static/js/spans.js");
  const [seconds, minutes, hours] = ["seconds", "minutes", "hours"].map((name) => `%(count)s ${name}`);
  const words = { seconds, minutes, hours, about: "about %(time)s", range: "%(low)s to %(high)s" };
  return ranges.map(([low, high]) => span(low, high, words));
}"""


def test_the_script_says_lengths_of_time_as_the_site_does(person):
    alice = person("alice")
    alice.goto("/")
    assert alice.evaluate(SPANS, [[low, high] for low, high, _words in SAID]) == [words for *_range, words in SAID]


@pytest.mark.parametrize("stage", HEADLINES)
def test_each_stage_says_how_far_it_is_and_how_long_it_takes(person, job_at, stage):
    alice = person("alice")
    alice.goto(job_at(stage))
    expect(alice.locator("#headline")).to_contain_text(HEADLINES[stage])
    expect(alice.locator("#stages [aria-current=step]")).to_have_text(re.compile(stage, re.IGNORECASE))
    expect(alice.locator("#left")).to_have_text("" if stage == "preparing" else re.compile(r"\d+ .* left"))
    for curve in ("#losses", "#distance"):  # while preparing they have no values yet
        expect(alice.locator(curve)).to_have_attribute("aria-label", re.compile(r"\w"))
    for width in (1280, 360):
        alice.set_viewport_size({"width": width, "height": 900})
        assert alice.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert Axe().run(alice, options=RULES).response["violations"] == []


def test_a_reload_a_second_tab_and_a_phone_show_the_same(person, job_at):
    alice, address = person("alice"), job_at("sampling")
    alice.goto(address)
    first = shown(alice)
    alice.reload()
    assert shown(alice) == first
    other = alice.context.new_page()
    other.set_viewport_size({"width": 360, "height": 800})
    other.goto(address)
    assert shown(other) == first


def test_gauges_compare_with_real_images(person, job_at):
    alice = person("alice")
    alice.goto(job_at("training"))
    gauge = {name: alice.locator(f"[data-gauge={name}]") for name in ("quality", "heart", "copies", "augmentation")}
    expect(gauge["quality"]).to_contain_text("1.4 × the floor")
    expect(gauge["heart"]).to_contain_text("0.04")
    expect(gauge["augmentation"]).to_contain_text("0.3")
    expect(gauge["copies"]).to_be_hidden()
    alice.goto(job_at("sampling"))
    expect(gauge["copies"]).to_contain_text("0.5%")
    expect(gauge["copies"]).to_contain_text("11 of 2,200 images")
    expect(gauge["heart"]).to_be_hidden()


def test_an_interruption_is_told_where_it_happened(person, job_at):
    alice = person("alice")
    alice.goto(job_at("training"))
    expect(alice.locator("#happening")).to_have_text("Resumed from 12 thousand images seen")
    alice.goto(job_at("evaluating", then='from generation import events; events.record(job, "stage", {})'))
    expect(alice.locator("#happening")).to_have_text("This stage was interrupted and begun again.")


def test_samples_play_from_the_first_to_the_newest(person, job_at):
    alice = person("alice")
    alice.goto(job_at("training"))
    image, play = alice.locator("#sample"), alice.locator("#sample-play")
    expect(image).to_have_attribute("src", re.compile("/previews/1[0-9]/$"))
    newest = image.get_attribute("src") or ""
    alice.locator("#sample-time").press("Home")
    play.press("Enter")
    expect(play).to_have_text("Pause")
    expect(image).to_have_attribute("src", newest, timeout=30_000)
    expect(play).to_have_text("Play")


def test_images_of_the_past_are_fetched_only_when_looked_at(person, job_at):
    alice, fetched = person("alice"), list[str]()
    alice.on("request", lambda request: fetched.append(request.url) if "/previews/" in request.url else None)
    alice.goto(job_at("sampling"))
    expect(alice.locator("#sample")).to_be_visible()
    expect(alice.locator("#log tr").filter(has_text="Submitted")).to_have_count(1)
    assert len(set(fetched)) == 1


def test_a_thousand_events_are_drawn_at_once(person, job_at):
    alice, address = person("alice"), job_at("training", events=1000)
    alice.add_init_script(WATCH_TASKS)
    alice.goto(address)
    expect(alice.locator("#log tr").filter(has_text="Submitted")).to_have_count(1, timeout=30_000)
    expect(alice.locator("#losses")).to_have_attribute("aria-label", re.compile(r"\(thousand images seen: 120\)$"))
    assert alice.evaluate("window.longest") < 1000


def test_a_failed_job_ends_calmly_while_it_is_watched_over_a_bad_line(person, job_at, environment):
    alice, address = person("alice"), job_at("training")
    alice.goto(address)
    expect(alice.locator("#link")).to_have_text("live", timeout=60_000)
    alice.route("**/ending/", lambda route: route.abort(), times=2)
    end = "from generation import endings; from generation.models import GenerationJob"
    find = f"job = GenerationJob.objects.get(public_id={address.split('/')[-2]!r})"
    manage(environment, "shell", "-v", "0", "-c", f'{end}\n{find}\nendings.fail(job, "The moon was in the way.")')
    expect(alice.locator("#ending")).to_contain_text("The moon was in the way.", timeout=30_000)
    expect(alice.locator("#progress")).to_be_hidden()
    expect(alice.get_by_role("link", name="Run again")).to_be_visible()
    expect(alice.locator("#samples")).to_be_visible()
