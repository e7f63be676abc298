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
from marketplace.accounts.models import ApiToken, User
from tests.marketplace import goods
alice, bob = (User.objects.create_user(f"{name}@example.com", name=name) for name in ("alice", "bob"))
for user in (alice, bob):
    user.accept_present_terms()
dataset = goods.dataset_of(alice, 400)
listing = goods.published_of(alice, dataset)
purchase = goods.bought(bob, listing)
tokens = {user.name: ApiToken.issue(user, "t", ["read", "generate", "buy"])[1] for user in (alice, bob)}
print(json.dumps({
    "owner": [f"/api/v1/datasets/{dataset.public_id}/bundle/", tokens["alice"]],
    "buyer": [f"/api/v1/purchases/{purchase.public_id}/bundle/", tokens["bob"]],
    "sample": [f"/api/v1/listings/{listing.public_id}/sample/", tokens["bob"]],
    "stranger": [f"/api/v1/datasets/{dataset.public_id}/bundle/", tokens["bob"]],
}))
"""
OFFERS = ("owner", "buyer", "sample")


class Shop:
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        variables = environment(folder) | {"DJANGO_SETTINGS_MODULE": "ganerate.settings"}
        manage = [sys.executable, "manage.py"]
        subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=variables, check=True)
        made = subprocess.run(
            [*manage, "shell", "-v0", "-c", GOODS], cwd=ROOT, env=variables, capture_output=True, text=True
        )
        assert made.returncode == 0, made.stderr
        self.offers = json.loads(made.stdout.splitlines()[-1])
        server = [sys.executable, "-m", "ganerate.server", "-b", "127.0.0.1", "-p", str(self.port), "-v", "0"]
        self.process = subprocess.Popen([*server, "ganerate.asgi:application"], cwd=ROOT, env=variables)
        until(lambda: get(self.port, "/").status == 200, 30)

    def ask(self, offer: str, method: str = "GET", **headers: str):
        path, token = self.offers[offer]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return get(self.port, path, method, headers={"Authorization": f"Token {token}"} | named)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    shop = Shop(tmp_path_factory.mktemp("shop"))
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
