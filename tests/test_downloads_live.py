"""The three things that people download, from the real server over a real socket, with curl and cut connections."""

import hashlib
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_server import ROOT, free_port, get, until
from tests.test_supervisor import environment

pytestmark = pytest.mark.slow

GOODS = """
import json
from generation import formats
from marketplace.accounts.models import ApiToken, User
from marketplace.purchases import delivery
from marketplace.purchases.access import own_purchase
from tests.marketplace import goods
alice, bob = (User.objects.create_user(f"{name}@example.com", name=name) for name in ("alice", "bob"))
for user in (alice, bob):
    user.accept_present_terms()
dataset = goods.dataset_of(alice, 400)
listing = goods.published_of(alice, dataset)
purchase = goods.bought(bob, listing)
for kind in formats.MADE:
    formats.ask(dataset, kind)
    formats.make(dataset.pk, kind)
purchase = own_purchase(bob, purchase.public_id)
lines = [[delivery.command_for_all(purchase, one), delivery.check_command(purchase, one)]
         for one in delivery.formats(purchase)]
tokens = {user.name: ApiToken.issue(user, "t", ["read", "generate", "buy"])[1] for user in (alice, bob)}
print(json.dumps({
    "owner": [f"/api/v1/datasets/{dataset.public_id}/bundle/", tokens["alice"]],
    "buyer": [f"/api/v1/purchases/{purchase.public_id}/bundle/", tokens["bob"]],
    "sample": [f"/api/v1/listings/{listing.public_id}/sample/", tokens["bob"]],
    "lines": lines,
    "stranger": [f"/api/v1/datasets/{dataset.public_id}/bundle/", tokens["bob"]],
}))
"""
REFUND = """
from marketplace.purchases import refunds
from marketplace.purchases.models import Purchase
refunds.refund(Purchase.objects.get(), "staff")
"""
OFFERS = ("owner", "buyer", "sample")


class Shop:
    def __init__(self, folder: Path, migrated: Path) -> None:
        self.port = free_port()
        own = {"DJANGO_SETTINGS_MODULE": "ganerate.settings", "SITE_URL": f"http://127.0.0.1:{self.port}"}
        self.variables = environment(folder) | own
        shutil.copy(migrated, folder)
        self.offers = json.loads(self.manage("shell", "-v0", "-c", GOODS).splitlines()[-1])
        server = [sys.executable, "-m", "ganerate.server", "-b", "127.0.0.1", "-p", str(self.port), "-v", "0"]
        self.process = subprocess.Popen([*server, "ganerate.asgi:application"], cwd=ROOT, env=self.variables)
        until(lambda: get(self.port, "/").status == 200, 30)

    def manage(self, *command: str) -> str:
        whole = [sys.executable, "manage.py", *command]
        done = subprocess.run(whole, cwd=ROOT, env=self.variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, offer: str, method: str = "GET", **headers: str):
        path, token = self.offers[offer]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return get(self.port, path, method, headers={"Authorization": f"Token {token}"} | named)


@pytest.fixture(scope="module")
def shop(tmp_path_factory, migrated):
    shop = Shop(tmp_path_factory.mktemp("shop"), migrated)
    yield shop
    shop.process.terminate()
    assert shop.process.wait(10) == 0


@pytest.mark.parametrize("offer", OFFERS)
def test_whole_in_part_and_not_again(shop, offer):
    whole = shop.ask(offer)
    body, etag = whole.read(), whole.headers["ETag"]
    assert etag == f'"{hashlib.sha256(body).hexdigest()}"'
    assert int(whole.headers["Content-Length"]) == len(body)
    part = shop.ask(offer, Range="bytes=-100", If_Range=whole.headers["Last-Modified"])
    assert (part.status, part.read()) == (206, body[-100:])
    assert shop.ask(offer, If_None_Match=etag).status == 304
    past = shop.ask(offer, Range=f"bytes={len(body)}-")
    assert (past.status, past.headers["Content-Range"]) == (416, f"bytes */{len(body)}")


@pytest.mark.parametrize("offer", OFFERS)
def test_head_tells_what_get_would_send(shop, offer):
    head, whole = shop.ask(offer, "HEAD"), shop.ask(offer)
    named = ("Content-Length", "Content-Type", "Content-Disposition", "ETag", "Last-Modified", "Accept-Ranges")
    assert {name: head.headers[name] for name in named} == {name: whole.headers[name] for name in named}
    assert (head.status, head.read()) == (200, b"")


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_goes_on_after_each_cut(shop, offer, tmp_path):
    path, token = shop.offers[offer]
    target, whole, dice = tmp_path / "b.zip", shop.ask(offer).read(), random.Random(3)
    for place in sorted(dice.sample(range(1, len(whole)), 5)):
        target.write_bytes(whole[:place])  # what an earlier attempt left
        command = ["curl", "-sS", "--fail", "-C", "-", "-o", target, "-H", f"Authorization: Token {token}"]
        subprocess.run([*command, f"http://127.0.0.1:{shop.port}{path}"], check=True)
        assert target.read_bytes() == whole


def test_a_stranger_is_told_there_is_nothing(shop):
    answer = shop.ask("stranger")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")


def in_shell(line: str, folder: Path) -> int:
    return subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], cwd=folder, capture_output=True).returncode


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_lines_to_copy_fetch_go_on_and_verify_until_a_refund(shop, tmp_path):
    """The last test here: afterwards nothing of the purchase can be had."""
    whole: dict[Path, bytes] = {}
    for fetch, check in shop.offers["lines"]:
        assert in_shell(fetch, tmp_path) == 0
        assert in_shell(check, tmp_path) == 0
    for path in (path for path in tmp_path.rglob("*") if path.suffix in (".zip", ".tar", ".parquet")):
        whole[path] = path.read_bytes()
        path.write_bytes(whole[path][: len(whole[path]) // 3])  # a connection was cut
    for fetch, check in shop.offers["lines"]:
        assert in_shell(check, tmp_path) != 0
        in_shell(fetch, tmp_path)  # what is whole already answers 416
        assert in_shell(check, tmp_path) == 0
    assert {path: path.read_bytes() for path in whole} == whole
    shop.manage("shell", "-v0", "-c", REFUND)
    for path in whole:
        path.write_bytes(whole[path][:1_000])
    assert all(in_shell(fetch, tmp_path) != 0 for fetch, _check in shop.offers["lines"])
    assert all(path.read_bytes() == whole[path][:1_000] for path in whole), "a refusal was written into a file"
