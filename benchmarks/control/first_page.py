"""From the command to the first page, and what the web process weighs."""

import re
import secrets
import statistics
import time
from collections.abc import Iterator

from benchmarks import processes
from benchmarks.bars import Bar
from benchmarks.site import Site, end, prepared, wait
from ganerate.demo.client import Browser, Client, DemoFailed, Form

STARTS = 5
PAGES = 60
PARTS = 8
PART_BYTES = 8 * 1024 * 1024
START_PAGES = ("/", "/studio/", "/admin/", "/api/v1/docs/", "/api/v1/schema/", "/accounts/login/")


def bars(*, full: bool) -> Iterator[Bar]:
    with prepared() as site:
        times = [start_once(site) for _ in range(STARTS)]
        yield Bar(
            "from `manage.py run` on a set-up checkout to the first page",
            max(times),
            3.0,
            " s",
            detail=f"the slowest of {STARTS} starts; median {statistics.median(times):.2f} s",
        )
        yield from weights(site)


def start_once(site: Site) -> float:
    started = time.perf_counter()
    process = site.start()
    try:
        wait(site, process)
        return time.perf_counter() - started
    finally:
        end(process)


def weights(site: Site) -> Iterator[Bar]:
    process = site.start()
    try:
        wait(site, process)
        pid = processes.web(site.folder)
        first = processes.resident(pid)
        pages = walk(site)
        upload(site)
        after, shared = processes.resident(pid), processes.proportional(pid)
        torch = processes.holds_torch(pid)
    finally:
        end(process)
    megabyte = processes.MEGABYTE
    yield Bar(
        "the web process after all that",
        after / megabyte,
        150,
        " MB",
        detail=f"{first / megabyte:.0f} MB after the first page, {after / megabyte:.0f} MB (its own share "
        f"{shared / megabyte:.0f} MB) after {pages} pages as seller and staff and {PARTS} upload parts of 8 MB",
    )
    yield Bar("torch in the web process's memory map", float(torch), 0)


def walk(site: Site) -> int:
    """Every page that links lead to, as somebody who sells, buys and moderates; returns how many there were."""
    password = secrets.token_urlsafe(12)
    site.token("--staff", "--password", password)
    browser = Browser(site.address)
    form = Form(browser.open("/admin/login/?next=/admin/"))
    browser.open("/admin/login/?next=/admin/", form.fields | {"username": "bench@example.com", "password": password})
    waiting, seen = list(START_PAGES), set[str]()
    while waiting and len(seen) < PAGES:
        path = waiting.pop(0)
        if path in seen or not re.match(r"/(?!/)", path) or re.search(r"logout|/static/|password", path):
            continue
        seen.add(path)
        try:
            waiting += [link.partition("#")[0] for link in Form(browser.open(path)).links]
        except DemoFailed:
            continue  # a link to what this account has none of
    return len(seen)


def upload(site: Site) -> None:
    client = Client(site.address, site.token())
    declaration = {"owns_rights": True, "no_recognisable_people": True}
    made = client.post("/api/v1/source-sets/", {"name": "Parts", "declaration": declaration})
    uploads = f"/api/v1/source-sets/{made['id']}/uploads/"
    begun = client.post(uploads, {"file_name": "parts.zip", "size": PARTS * PART_BYTES})
    for number in range(1, PARTS + 1):
        client.request("PUT", f"{uploads}{begun['id']}/parts/{number}/", secrets.token_bytes(PART_BYTES))
