"""The commands that the library shows, run as they stand there, against a site whose files are in a store."""

import hashlib
import subprocess

import pytest

from marketplace.purchases import delivery
from tests.marketplace import goods

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_broken_download_goes_on_and_a_whole_one_stays(live_server, settings, alice, bob, tmp_path):
    settings.SITE_URL = live_server.url
    purchase = goods.bought(bob, goods.published_of(alice))
    (file,) = delivery.bundles(purchase)
    command = delivery.command(purchase, "bundle", file)
    target = tmp_path / file.name
    assert subprocess.run(["sh", "-c", command], cwd=tmp_path, check=False).returncode == 0
    whole = target.read_bytes()
    assert hashlib.sha256(whole).hexdigest() == file.sha256
    target.write_bytes(whole[:1000])
    assert subprocess.run(["sh", "-c", command], cwd=tmp_path, check=False).returncode == 0
    assert target.read_bytes() == whole
    # curl -f says of a file that is whole that there is nothing to fetch, and leaves it.
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=False)
    assert target.read_bytes() == whole


def test_all_files_by_one_command(live_server, settings, alice, bob, tmp_path):
    settings.SITE_URL = live_server.url
    purchase = goods.bought(bob, goods.published_of(alice))
    one = delivery.of_kind(purchase, "bundle")
    assert subprocess.run(["sh", "-c", delivery.command_for_all(purchase, one)], cwd=tmp_path).returncode == 0
    assert subprocess.run(["sh", "-c", delivery.check_command(purchase, one)], cwd=tmp_path).returncode == 0
