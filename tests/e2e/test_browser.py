"""Three journeys in a real browser: a seller from sign-up to a listing, staff who send it back once, a Korean buyer."""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import IN_A_BROWSER, PASSWORD

pytestmark = IN_A_BROWSER


def test_from_sign_up_to_a_verified_download(
    opened: Callable[[], Page], person: Callable[[str], Page], drawn: Path, mail: Path
):
    seller, mod, bob = opened(), person("mod"), person("bob")
    sign_up(seller, mail)
    send_images(seller, drawn)
    order(seller)
    watch(seller)
    stop_and_open(seller)
    look_at_one_image(seller)
    sell(seller)
    decide(mod, "Drawn shapes", "reject", "The description says too little.")
    mend(seller)
    decide(mod, "Drawn shapes", "approve")
    wait_for_sale(seller)
    verify(buy(bob))


def sign_up(page: Page, mail: Path) -> None:
    page.goto("/")
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Name").fill("Ann")
    page.get_by_label("Email").fill("ann@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    for box in page.get_by_role("main").get_by_role("checkbox").all():
        box.check()
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    page.wait_for_load_state()
    page.goto(link_in(mail))
    page.get_by_role("main").get_by_role("button").click()
    page.goto("/studio/")


def link_in(mail: Path) -> str:
    letters = [letter.read_text(encoding="utf-8") for letter in mail.iterdir()]
    found = [link for letter in letters for link in re.findall(r"https?://\S+/accounts/confirm-email/\S+/", letter)]
    assert found, letters
    return found[-1]


def test_images_chosen_before_the_script_has_arrived_are_sent(person: Callable[[str], Page], drawn: Path):
    alice, late = person("alice"), list[Route]()
    alice.goto("/studio/source-sets/new/")
    make_set(alice)
    alice.route("**/upload.js", lambda route: late.append(route))  # a plain method cannot be marked as a handler
    alice.reload(wait_until="commit")
    alice.set_input_files("#id_images", drawn)
    late.pop().continue_()
    expect(alice.get_by_role("heading", name="80 usable images")).to_be_visible(timeout=60_000)


def test_an_upload_waits_while_the_connection_is_lost_and_goes_on(person: Callable[[str], Page], drawn: Path):
    alice = person("alice")
    alice.goto("/studio/source-sets/new/")
    make_set(alice)
    alice.wait_for_load_state("networkidle")
    alice.context.set_offline(True)
    alice.set_input_files("#id_images", drawn)
    expect(alice.locator("#sending")).to_contain_text("Offline")
    alice.context.set_offline(False)
    expect(alice.get_by_role("heading", name="80 usable images")).to_be_visible(timeout=60_000)


def test_an_upload_is_cancelled_in_the_middle_and_begun_again(person: Callable[[str], Page], drawn: Path):
    alice, held = person("alice"), list[Route]()
    alice.goto("/studio/source-sets/new/")
    make_set(alice)
    alice.route("**/parts/1/", lambda route: held.append(route))  # a plain method cannot be marked as a handler
    alice.set_input_files("#id_images", drawn)
    alice.get_by_role("button", name=f"Cancel: {drawn.name}").click()
    expect(alice.locator("#sending li")).to_have_count(0)
    alice.unroute("**/parts/1/")
    alice.set_input_files("#id_images", drawn)
    expect(alice.get_by_role("heading", name="80 usable images")).to_be_visible(timeout=60_000)


def send_images(alice: Page, drawn: Path) -> None:
    alice.get_by_role("link", name="Add your images").click()
    make_set(alice)
    alice.set_input_files("#id_images", drawn)
    expect(alice.get_by_role("heading", name="80 usable images")).to_be_visible(timeout=60_000)
    alice.get_by_role("link", name="Generate images").click()


def make_set(alice: Page) -> None:
    alice.get_by_label("Name").fill("Shapes")
    for box in alice.get_by_role("checkbox").all():
        box.check()
    alice.get_by_role("button", name="Continue to the images").click()
    expect(alice.get_by_role("heading", name="Shapes", exact=True)).to_be_visible()


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
    alice.get_by_role("link", name="Open the dataset").click(timeout=300_000)
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
    alice.get_by_role("textbox", name="Description").fill("Shapes drawn by formulas.")
    alice.get_by_role("group", name="Licence").get_by_role("radio").first.check()
    alice.get_by_role("textbox", name="Price").fill("1000")
    for question in alice.get_by_role("region", name="Rights").get_by_role("group").all():
        question.get_by_role("radio").first.check()
    alice.get_by_role("button", name="Save the draft").click()
    alice.get_by_role("button", name="Submit for review").click()
    expect(alice.get_by_role("heading", name="In review")).to_be_visible()


def decide(mod: Page, title: str, outcome: str, reason: str = "") -> None:
    mod.goto("/")
    mod.get_by_role("link", name="Review queue").click()
    mod.get_by_role("link", name=title).click()
    if reason:
        mod.locator("[name=reason_code][value=words]").check()
        mod.locator("[name=reason]").fill(reason)
    mod.locator(f"[name=outcome][value={outcome}]").click()
    expect(mod.locator(".messagelist .success")).to_be_visible()


def mend(seller: Page) -> None:
    seller.reload()
    expect(seller.get_by_text("The description says too little.")).to_be_visible()
    seller.get_by_role("textbox", name="Description").fill("Six kinds of shapes, drawn by formulas, 28 px.")
    seller.get_by_role("button", name="Save", exact=True).click()
    seller.get_by_role("button", name="Submit for review").click()
    expect(seller.get_by_role("heading", name="In review")).to_be_visible()


def wait_for_sale(seller: Page) -> None:
    """A worker writes the sold files first."""
    for _ in range(100):
        seller.reload()
        if seller.get_by_role("heading", name="On sale").is_visible():
            return
        seller.wait_for_timeout(300)
    raise AssertionError("approved, and not on sale within 30 s")


def buy(bob: Page) -> Path:
    """In Korean."""
    bob.goto("/")
    bob.locator(".person > details:not(.tray) > summary").click()
    bob.get_by_role("button", name="한국어").click()
    bob.get_by_label("검색").fill("shapes")
    bob.get_by_role("button", name="검색").click()
    bob.get_by_role("link", name="Drawn shapes").click()
    bob.get_by_role("link", name="구매하기", exact=True).click()
    for box in bob.get_by_role("main").get_by_role("checkbox").all():
        box.check()
    bob.get_by_role("main").get_by_role("button").click()
    with bob.expect_download() as download:
        bob.locator("#formats .button").first.click()
    bundle = download.value.path()
    expect(bob.locator("#formats .hash").first).to_contain_text(hashlib.sha256(bundle.read_bytes()).hexdigest())
    return bundle


def verify(bundle: Path) -> None:
    """Every image is the one that the manifest names."""
    with zipfile.ZipFile(bundle) as archive:
        entries = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
        wrong = [
            one["file"] for one in entries if hashlib.sha256(archive.read(one["file"])).hexdigest() != one["sha256"]
        ]
    assert len(entries) == 64
    assert wrong == []
