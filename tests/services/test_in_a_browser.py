"""Files between a browser and the store itself: sent in parts, gone on with, handed out; and around a store that
takes nothing from browsers."""

import hashlib
import os
import re
import zipfile
from pathlib import Path

import boto3
import pytest
from playwright.sync_api import Page, Request, expect

from tests.e2e.conftest import IN_A_BROWSER, browser, drawn, environment, inhabited, manage, opened, person, site
from tests.e2e.test_browser import make_set

__all__ = ["browser", "drawn", "environment", "inhabited", "opened", "person", "site"]  # fixtures
pytestmark = IN_A_BROWSER
PART = 8 * 1024 * 1024
SOLD = """
import time
from marketplace.accounts.models import User
from marketplace.listings import publishing
from tests.marketplace import goods
alice, bob = (User.objects.get(email=f"{name}@example.com") for name in ("alice", "bob"))
listing = goods.submitted_of(alice)
publishing.approve(listing.in_review)
while listing.current is None:  # the site's worker joins the files
    time.sleep(0.1)
    listing.refresh_from_db()
purchase = goods.bought(bob, listing)
print(purchase.public_id, purchase.version.tails.get().sha256)
"""


@pytest.fixture
def large(drawn: Path, tmp_path: Path) -> Path:
    """Three parts."""
    path = tmp_path / "large.zip"
    path.write_bytes(drawn.read_bytes())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("noise.bin", os.urandom(2 * PART))
    return path


def sent_by(page: Page) -> list[Request]:
    requests = list[Request]()
    page.on("request", lambda request: requests.append(request) if request.method == "PUT" else None)
    return requests


def new_set(page: Page) -> None:
    page.goto("/studio/source-sets/new/")
    make_set(page)
    page.wait_for_load_state("networkidle")


def test_parts_go_straight_to_the_store_and_after_a_reload_only_those_that_are_missing(person, site, large):
    alice = person("alice")
    new_set(alice)
    requests = sent_by(alice)
    alice.route(re.compile(r"partNumber=2&|/parts/2/"), lambda route: route.abort())
    alice.set_input_files("#id_images", large)
    size = large.stat().st_size
    expect(alice.locator("#sending progress")).to_have_js_property("value", (size - PART) / size)
    alice.unroute_all()
    alice.once("dialog", lambda dialog: dialog.accept())
    alice.reload()
    expect(alice.locator("#unfinished")).to_contain_text("2 of 3 parts here")
    requests.clear()
    alice.set_input_files("#id_images", large)
    expect(alice.get_by_role("heading", name="80 usable images")).to_be_visible(timeout=60_000)
    assert [request.url.startswith(site) for request in requests] == [False]


def test_a_buyer_gets_the_file_from_the_store_under_its_name(person, environment, site):
    number, sha256 = manage(environment, "shell", "-v", "0", "-c", SOLD).split()
    bob = person("bob")
    bob.goto(f"/library/{number}/")
    with bob.expect_download() as download:
        bob.get_by_role("link", name="Download (").click()
    assert hashlib.sha256(download.value.path().read_bytes()).hexdigest() == sha256
    assert download.value.suggested_filename == "shirts.zip"
    assert not download.value.url.startswith(site)


def test_where_a_store_takes_nothing_from_browsers_the_site_passes_parts_on(person, environment, site, drawn):
    store = boto3.client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT_URL"],
        aws_access_key_id=environment["S3_ACCESS_KEY"],
        aws_secret_access_key=environment["S3_SECRET_KEY"],
        region_name="us-east-1",
    )
    store.delete_bucket_cors(Bucket=environment["S3_BUCKET"])
    alice = person("alice")
    new_set(alice)
    requests = sent_by(alice)
    alice.set_input_files("#id_images", drawn)
    expect(alice.get_by_role("heading", name="80 usable images")).to_be_visible(timeout=90_000)
    assert requests[-1].url.startswith(site)
