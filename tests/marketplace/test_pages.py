"""Every page: for its person, for strangers, for nobody, by the wrong method, under the policy, in both languages."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse
from django.views.defaults import bad_request, server_error

from generation.models import SourceSet
from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.purchases.models import Purchase

from . import goods


@dataclass
class World:
    """Alice's things, and what Bob bought of them."""

    source_set: SourceSet
    listing: Listing
    purchase: Purchase

    @property
    def dataset(self):
        return self.listing.latest.dataset

    def path(self, name: str) -> str:
        return reverse(name, args=ARGUMENTS[name](self))


@pytest.fixture
def world(purchase) -> World:
    listing = purchase.version.listing
    return World(listing.latest.dataset.job.source_set, listing, purchase)


def of_source_set(world: World) -> list[object]:
    return [world.source_set.public_id]


def of_job(world: World) -> list[object]:
    return [world.dataset.job.public_id]


def of_dataset(world: World) -> list[object]:
    return [world.dataset.public_id]


def of_listing(world: World) -> list[object]:
    return [world.listing.public_id]


def of_purchase(world: World) -> list[object]:
    return [world.purchase.public_id]


ARGUMENTS: dict[str, Callable[[World], list[object]]] = {
    "source-set": of_source_set,
    "job-new": of_source_set,
    "job-estimate": of_source_set,
    "source-image": lambda world: [*of_source_set(world), world.source_set.images.first().pk],
    "source-set-version": of_source_set,
    "job": of_job,
    "job-ending": of_job,
    "job-cancel": of_job,
    "job-stop": of_job,
    "dataset": of_dataset,
    "dataset-image": lambda world: [*of_dataset(world), 3],
    "dataset-image-file": lambda world: [*of_dataset(world), 3],
    "dataset-sheet": of_dataset,
    "dataset-bundle": lambda world: [*of_dataset(world), 1],
    "listing-new": of_dataset,
    "listing-edit": of_listing,
    "listing-submit": of_listing,
    "listing-withdraw": of_listing,
    "listing": of_listing,
    "listing-sample": of_listing,
    "checkout": of_listing,
    "purchase": of_purchase,
    "purchase-bundle": lambda world: [*of_purchase(world), 1],
} | dict.fromkeys(
    [
        *("listing-list", "terms", "privacy", "account_login", "account_signup", "account_reset_password"),
        *("studio", "source-set-list", "source-set-new", "job-list", "dataset-list", "studio-listings"),
        *("library", "profile", "token-list", "own-data", "account_email", "account_change_password"),
    ],
    lambda world: [],
)
PUBLIC = ["listing-list", "listing", "terms", "privacy", "account_login", "account_signup", "account_reset_password"]
OF_ANYONE = [
    *("studio", "source-set-list", "source-set-new", "job-list", "dataset-list", "studio-listings"),
    *("library", "profile", "token-list", "own-data", "account_email", "account_change_password"),
]
OF_ALICE = ["source-set", "job-new", "job", "dataset", "dataset-image", "listing-new", "listing-edit"]
OF_BOB = ["purchase"]
BYTES_OF_ALICE = ["source-image", "dataset-image-file", "dataset-sheet", "dataset-bundle"]
ACTIONS_OF_ALICE = ["source-set-version", "job-cancel", "job-stop", "listing-submit", "listing-withdraw"]
PRIVATE = [*OF_ALICE, *OF_BOB, *BYTES_OF_ALICE, "job-ending", "job-estimate", "purchase-bundle"]


@pytest.fixture
def visit(world, alice, bob, browser_of, settings):
    """visit(name) opens a page as whoever it belongs to."""

    def open_page(name: str, language: str = "en"):
        person = bob if name in (*OF_BOB, "purchase-bundle", "checkout") else None if name in PUBLIC else alice
        browser = browser_of(person) if person else Client()
        browser.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        return browser.get(world.path(name))

    return open_page


@pytest.mark.parametrize("name", [*PUBLIC, *OF_ANYONE, *OF_ALICE, *OF_BOB, "checkout"])
def test_page_opens_for_whom_it_is(visit, name):
    response = visit(name)
    assert response.status_code == 200
    assert "<h1" in response.text


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, "image/png") for name in BYTES_OF_ALICE if name != "dataset-bundle"]
    + [(name, "application/zip") for name in ("dataset-bundle", "purchase-bundle", "listing-sample")],
)
def test_bytes_are_served(visit, name, kind):
    response = visit(name)
    assert response.status_code == 200
    assert response["Content-Type"] == kind


@pytest.mark.parametrize("name", PRIVATE)
def test_strangers_find_nothing(world, charlie, browser_of, name):
    assert browser_of(charlie).get(world.path(name)).status_code == 404


@pytest.mark.parametrize("name", ACTIONS_OF_ALICE)
def test_strangers_can_do_nothing(world, charlie, browser_of, name):
    assert browser_of(charlie).post(world.path(name)).status_code == 404


@pytest.mark.parametrize("name", [*PRIVATE, *OF_ANYONE, "checkout"])
def test_nobody_is_asked_to_sign_in(world, client, name):
    path = world.path(name)
    assert client.get(path).headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", ACTIONS_OF_ALICE)
def test_actions_are_not_links(world, alice, browser_of, name):
    assert browser_of(alice).get(world.path(name)).status_code == 405


@pytest.mark.parametrize("name", ["listing-list", "listing", "studio", "job", "dataset", "purchase", "source-set"])
def test_other_methods_are_refused(world, mod, browser_of, name):
    assert browser_of(mod).delete(world.path(name)).status_code == 405


class Inline(HTMLParser):
    """Collects what the policy forbids: style attributes, handlers, styles and scripts that bring no nonce."""

    def __init__(self, nonce: str) -> None:
        super().__init__()
        self.nonce, self.found = nonce, []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "style" in given or any(name.startswith(("on", "hx-on")) for name in given):
            self.found.append((tag, attrs))
        runs = tag == "script" and given.get("type") != "application/json"
        own = (given.get("src") or "").startswith("/static/") or given.get("nonce") == self.nonce
        if tag == "style" or (runs and not own):
            self.found.append((tag, attrs))


@pytest.mark.parametrize("name", [*PUBLIC, *OF_ANYONE, *OF_ALICE, *OF_BOB, "checkout"])
def test_page_keeps_the_content_policy(visit, name):
    response = visit(name)
    policy = response["Content-Security-Policy"]
    nonce = re.search(r"script-src 'self' 'nonce-([^']+)'", policy)
    assert nonce, policy
    assert "unsafe" not in policy
    parser = Inline(nonce.group(1))
    parser.feed(response.text)
    assert parser.found == []


@pytest.mark.parametrize("name", [*PUBLIC, *OF_ANYONE, *OF_ALICE, *OF_BOB, "checkout"])
def test_page_in_both_languages(visit, name):
    english, korean = visit(name, "en"), visit(name, "ko")
    assert '<html lang="en">' in english.text
    assert '<html lang="ko">' in korean.text
    assert "본문으로 건너뛰기" in korean.text


def test_language_is_remembered(client, db):
    client.post(reverse("set_language"), {"language": "ko", "next": "/"})
    assert '<html lang="ko">' in client.get("/", headers={"accept-language": "en"}).text


@pytest.mark.parametrize(
    "name", ["studio", "source-set-list", "job-list", "dataset-list", "studio-listings", "library"]
)
def test_lists_say_what_to_do_first(db, charlie, browser_of, name):
    text = browser_of(charlie).get(reverse(name)).text
    assert 'class="empty"' in text or 'class="todo"' in text


def test_test_payments_are_announced(client, db, settings):
    assert "Test payments are on" in client.get("/").text
    settings.TEST_PAYMENTS = False
    assert "Test payments are on" not in client.get("/").text


def test_errors_have_pages_of_their_own(client, db, settings):
    settings.DEBUG = False
    response = client.get("/nothing-here/")
    assert response.status_code == 404
    assert "There is nothing here" in response.text


def test_the_pages_for_breakage_need_no_context(db, rf):
    assert "Something broke on our side" in server_error(rf.get("/")).text
    assert "cannot be read" in bad_request(rf.get("/"), ValueError()).text


def test_old_form_gets_an_explanation(db, alice: User):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    response = strict.post(reverse("profile"), {"name": "A"})
    assert response.status_code == 403
    assert "This form was too old" in response.text


def test_strangers_learn_no_source_image_from_the_numbers(client, alice, api, bob):
    listing = goods.published_of(alice)
    source = goods.REPORT["copies"]["nearest"][0]["source"]
    page = client.get(listing.get_absolute_url()).content.decode()
    assert "0.34" in page
    assert source not in page
    answer = api(bob).get(f"/api/v1/listings/{listing.public_id}/")
    assert "0.34" in answer.content.decode()
    assert source not in answer.content.decode()
