"""Every page that a link leads to, for everyone, in both languages, narrow and wide. A page without a link fails."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import IN_A_BROWSER, ROOT, manage, sign_in
from tests.e2e.crawl import NOT_OPENED, Crawl, Visit

pytestmark = IN_A_BROWSER
PEOPLE = ["nobody", "alice", "bob", "charlie", "mod"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
IN_THE_DARK = {"runOnly": {"type": "rule", "values": ["color-contrast", "target-size"]}}
# A letter or a form leads here, not a link.
ELSEWHERE = [
    "/accounts/confirm-email/", "/accounts/password/reset/done/", "/accounts/password/reset/key/done/",
    "/accounts/password/reset/key/x-set-password/", "/accounts/confirm-email/wrong/", "/accounts/inactive/",
]  # fmt: skip
# Forms are sent here, parts of pages are fetched from here, or people are sent here when the terms change.
NOT_PAGES = NOT_OPENED | {
    "account_logout", "account_set_password", "account_reauthenticate", "token-revoke", "source-set-version",
    "job-cancel", "job-stop", "job-ending", "job-news", "job-estimate", "dataset-delete", "listing-submit",
    "listing-recall", "listing-withdraw", "listing-discard", "account-close", "accept-terms", "set_language",
    "job-resume", "job-waiting", "job-cancel-waiting", "source-images-delete", "upload-drop",
    "dataset-formats", "purchase-consent", "purchase-withdraw", "purchase-pay", "purchase-formats", "receipt-again",
    "review-answer", "markdown-preview", "wish", "follow", "payment-events", "payment-return",
    "tray", "notifications-read", "notification-read", "job-letter",
}  # fmt: skip
# Linked where a listing has more reviews than its page shows.
NOT_PAGES |= {"listing-reviews"}
# Ours within Django's admin; its lists of rows are its own work.
STAFF_PAGES = {
    "admin:index", "admin:generation_work", "admin:generation_job_again", "admin:moderation_review_changelist",
    "admin:moderation_review_decide",
}  # fmt: skip
# What may stand on a Korean page in English: names of things, and what people wrote.
ENGLISH = re.compile(r"GANerate|SHA-256|Django|Sliced Wasserstein|example\.com|Asia/Seoul")


@pytest.fixture(scope="module")
def goods(environment: dict[str, str]) -> None:
    """Before the site starts: its workers would publish what is half made."""
    manage(environment, "shell", "-c", "from tests.e2e.furnish import furnish; furnish()")


@pytest.fixture
def page_of(goods: None, site: str, browser: Browser) -> Iterator:
    contexts = []

    def enter(name: str, language: str) -> Page:
        context = browser.new_context(locale="en-US", base_url=site, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        if name != "nobody":
            sign_in(page, name)
        context.add_cookies([{"name": "django_language", "value": language, "url": site}])
        return page

    yield enter
    for context in contexts:
        context.close()


# A walk opens hundreds of pages: ten minutes are short on a slow machine with other tests beside it.
@pytest.mark.timeout(1800)
def test_every_page_is_well_and_reached_by_a_link(page_of):
    reached = set[str]()
    faults = [fault for name in PEOPLE for fault in walk(name, "en", page_of, reached)]
    faults += [f"{name}: no link leads there" for name in sorted(pages() - reached - NOT_PAGES)]
    assert not faults, "\n".join(dict.fromkeys(faults))


@pytest.mark.timeout(1800)
def test_every_page_is_well_in_korean(page_of):
    faults = [fault for name in PEOPLE for fault in walk(name, "ko", page_of, set())]
    assert not faults, "\n".join(dict.fromkeys(faults))


def walk(name: str, language: str, page_of, reached: set[str]) -> list[str]:
    crawl = Crawl(page_of(name, language), language)
    for visit in crawl.follow("/", *(ELSEWHERE if name == "nobody" else [])):
        further = faults_of_korean(visit) if language == "ko" else faults_of_access(crawl.page, visit, reached)
        crawl.faults += [f"{visit.address}: {fault}" for fault in further]
    crawl.page.close()
    return [f"{name} {language} {fault}" for fault in crawl.faults]


def faults_of_access(page: Page, visit: Visit, reached: set[str]) -> list[str]:
    """By axe, once for each route: wide and light with all rules, narrow and dark where that changes something."""
    known = visit.name in reached
    reached.add(visit.name)
    if known or visit.name.startswith("admin:"):
        return []
    found = []
    for scheme, width, rules in (("dark", 360, IN_THE_DARK), ("light", 1280, RULES)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        for fault in Axe().run(page, options=rules).response["violations"]:
            found.append(f"{scheme} {width}: {fault['id']}: {fault['nodes'][0]['html']}")
    return found


def faults_of_korean(visit: Visit) -> list[str]:
    """English words in a row, or a message that has a Korean wording."""
    if visit.name.startswith("admin:") and visit.name not in STAFF_PAGES:
        return []
    english = english_messages()
    return [
        f"English: {text}"
        for text in visit.texts
        if not ENGLISH.search(text) and (text in english or re.search(r"[A-Za-z]{2,} [a-z]{2,} [A-Za-z]{2,}", text))
    ]


@cache
def english_messages() -> set[str]:
    text = (Path(ROOT) / "locale/ko/LC_MESSAGES/django.po").read_text(encoding="utf-8")
    pairs = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', text, re.MULTILINE)
    return {english for english, korean in pairs if english != korean and len(english) > 3}


def pages() -> set[str]:
    """Names of all routes but the API's and those of other people's programs."""
    own = [part for part in get_resolver().url_patterns if not str(part.pattern).startswith(("admin/", "api/"))]
    return {name for part in own for name in names(part)} | STAFF_PAGES


def names(part: URLPattern | URLResolver) -> Iterator[str]:
    if isinstance(part, URLResolver):
        for inner in part.url_patterns:
            yield from names(inner)
    elif part.name:
        yield part.name
