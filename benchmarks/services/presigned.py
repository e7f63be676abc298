"""Downloads by presigned link: what the site does for one, beside views that do nothing, and what it carries of it."""

import hashlib
import json
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import urllib3

from benchmarks import processes
from benchmarks.bars import Bar
from benchmarks.services.store_site import on_servers
from benchmarks.site import Site

ROUNDS, WARM_UP = 300, 30
IMAGES, IMAGE_BYTES = 75, 4 * processes.MEGABYTE

# A purchase as the tests make it, of images that are noise, published by the real function.
PREPARE = """
import json, random, sys, time
import django; django.setup()
from marketplace.accounts.models import ApiToken, User
from marketplace.purchases import delivery
from django.conf import settings
from django.test import Client
from tests.marketplace import goods

def person(name):
    user = User.objects.create_user(f"{name}@example.com", "correct horse 42", name=name)
    user.accept_present_terms()
    return user

count, size = map(int, sys.argv[1:])
goods.picture = lambda number: random.Random(number).randbytes(size)
alice, bob = person("alice"), person("bob")
listing = goods.submitted_of(alice, goods.dataset_of(alice, count))
began = time.perf_counter()
purchase = goods.bought(bob, goods.published(listing))
published = time.perf_counter() - began
(file,) = delivery.bundles(purchase)
browser = Client()
browser.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
print(json.dumps({
    "session": f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}",
    "link": delivery.link(purchase, "bundle", file),
    "api": f"/api/v1/purchases/{purchase.public_id}/bundle/",
    "token": ApiToken.issue(bob, "bench", ["generate", "buy"])[1],
    "size": file.size, "sha256": file.sha256, "published": published,
}))
"""
Ask = Callable[[], urllib3.BaseHTTPResponse]


def bars(*, full: bool) -> Iterator[Bar]:
    with on_servers(workers=False) as site:
        made = json.loads(site.python("-", str(IMAGES), str(IMAGE_BYTES), stdin=PREPARE))
        pool = urllib3.PoolManager(retries=False)
        session = {"Cookie": made["session"]}
        token = {"Authorization": f"Token {made['token']}"}
        yield beside(
            "a click on a link of the library",
            lambda: pool.request("GET", f"{site.address}/no-op/", headers=session),
            lambda: pool.request("GET", made["link"], headers=session, redirect=False),
        )
        yield beside(
            "a call of the API for a bundle",
            lambda: pool.request("POST", f"{site.address}/api/v1/no-op/", headers=token, json={"count": 1}),
            lambda: pool.request("GET", site.address + made["api"], headers=token, redirect=False),
        )
        yield carried(site, pool, made)


def beside(what: str, nothing: Ask, ask: Ask) -> Bar:
    """Turn by turn, so that both have the same minute."""
    times: dict[Ask, list[float]] = {nothing: [], ask: []}
    for _ in range(WARM_UP + ROUNDS):
        for one, taken in times.items():
            began = time.perf_counter()
            status = one().status
            taken.append(time.perf_counter() - began)
            if status != {nothing: status, ask: 302}[one] or status >= 400:
                raise RuntimeError(f"{what}: answered {status}")
    least, ours = (statistics.median(taken[WARM_UP:]) for taken in times.values())
    detail = f"{1000 * ours:.1f} ms and {1000 * least:.1f} ms, medians of {ROUNDS} turn by turn"
    return Bar(f"{what}: its redirect beside a view that does nothing", ours / least, 3.0, "x", detail=detail)


def carried(site: Site, pool: urllib3.PoolManager, made: dict[str, Any]) -> Bar:
    """Follows one click to the last byte, and looks what the web process did meanwhile."""
    web = processes.web(site.folder)
    before, busy = processes.resident(web), processes.seconds(web)
    click = pool.request("GET", made["link"], redirect=False)
    began, digest = time.perf_counter(), hashlib.sha256()
    answer = pool.request("GET", click.headers["Location"], preload_content=False)
    for chunk in answer.stream(processes.MEGABYTE):
        digest.update(chunk)
    took = time.perf_counter() - began
    if digest.hexdigest() != made["sha256"]:
        raise RuntimeError("the bundle is not what was sold")
    size = made["size"] / processes.MEGABYTE
    grown = (processes.resident(web) - before) / processes.MEGABYTE
    worked = 1000 * (processes.seconds(web) - busy)
    return Bar(
        f"bytes of a bundle of {size:.0f} MB that came by the site",
        float(len(click.data)),
        0.0,
        detail=f"{size / took:.0f} MB/s from the store, SHA-256 as sold; the web process grew by {grown:.1f} MB"
        f" and worked for {worked:.0f} ms; publishing, which hashes the part and has the store join it with its tail,"
        f" took {made['published']:.1f} s",
    )
