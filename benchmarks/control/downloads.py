"""A bundle of 1 GB from the folder default: 20 slow clients at once, and one client cut off 100 times."""

import hashlib
import random
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import processes
from benchmarks.bars import Bar
from benchmarks.site import Site, running
from ganerate.demo.client import Browser

CLIENTS = 20
BYTES_PER_SECOND = 1_000_000
SECONDS = 30
SIZE = 1024**3
CUTS = 100
RATE = "100M"  # so that a cut lands near where it was meant to

PREPARE = """
import json, sys
import django; django.setup()
from django.conf import settings
from django.utils import timezone
from generation.models import Dataset, DatasetFile, GenerationJob, Generator, SourceSet
from marketplace.accounts.models import User

size, sha256 = int(sys.argv[1]), sys.argv[2]
owner = User.objects.get(email="bench@example.com")
made = SourceSet.objects.create(owner=owner, name="Big", fingerprint="f" * 64, sealed_at=timezone.now())
generator = Generator.objects.create(owner=owner, source_set=made, source_fingerprint="f" * 64, recipe={},
                                     checkpoint_key="none", sha256="0" * 64, size=1)
job = GenerationJob.objects.create(owner=owner, source_set=made, count=1000, seed=1, requested={}, generator=generator,
                                   state="succeeded", started_at=timezone.now(), finished_at=timezone.now())
dataset = Dataset.objects.create(owner=owner, job=job, generator=generator, name="Big", count=1000, first_slot=0,
                                 resolution=64, channels=3, size=size, content_hash="0" * 64, report={})
DatasetFile.objects.create(dataset=dataset, kind="bundle", name="big.zip", key="datasets/big.zip", size=size,
                           sha256=sha256, images=1000)
print(dataset.public_id)
"""


def bars(*, full: bool) -> Iterator[Bar]:
    with running(workers=False) as site:
        token = site.token()
        sha256 = write_file(site.folder / "files" / "datasets" / "big.zip")
        dataset = site.python("-", str(SIZE), sha256, stdin=PREPARE).strip()
        path = f"/api/v1/datasets/{dataset}/bundle/"
        yield slow_clients(site, path, token)
        yield resumed(site, path, token, sha256)


def write_file(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, dice = hashlib.sha256(), random.Random(1)
    with path.open("wb") as file:
        for _ in range(SIZE // processes.MEGABYTE):
            chunk = dice.randbytes(processes.MEGABYTE)
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def slow_clients(site: Site, path: str, token: str) -> Bar:
    web, browser = processes.web(site.folder), Browser(site.address)
    browser.open("/")
    before, stop = processes.resident(web), threading.Event()
    received = [0] * CLIENTS
    threads = [threading.Thread(target=sip, args=(site, path, token, received, n, stop)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    pages, most = [], before
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        started = time.perf_counter()
        browser.open("/")
        pages.append(time.perf_counter() - started)
        most = max(most, processes.grown(web, 0.5))
    stop.set()
    for thread in threads:
        thread.join()
    if min(received) < 0.5 * BYTES_PER_SECOND * SECONDS:
        raise RuntimeError(f"a client received only {min(received):,} bytes")
    megabyte = processes.MEGABYTE
    return Bar(
        f"{CLIENTS} clients at 1 MB/s on a bundle of 1 GB for {SECONDS} s: growth of the web process",
        (most - before) / megabyte,
        50,
        " MB",
        detail=f"{before / megabyte:.0f} MB before, {most / megabyte:.0f} MB at most; each received at least "
        f"{min(received) / megabyte:.0f} MB; the home page meanwhile took {max(pages) * 1000:.0f} ms at most",
    )


def sip(site: Site, path: str, token: str, received: list[int], number: int, stop: threading.Event) -> None:
    address = urlsplit(site.address)
    with socket.create_connection((address.hostname, address.port), timeout=10) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Token {token}\r\n\r\n".encode()
        )
        started = time.monotonic()
        while not stop.is_set():
            received[number] += len(client.recv(65536))
            ahead = received[number] / BYTES_PER_SECOND - (time.monotonic() - started)
            stop.wait(max(0.0, ahead))


def resumed(site: Site, path: str, token: str, sha256: str) -> Bar:
    if not shutil.which("curl"):
        raise RuntimeError("this part needs curl (apt-get install curl)")
    target = site.folder / "resumed.zip"
    dice = random.Random(2)
    command = ["curl", "-sS", "--fail", "-C", "-", "-o", str(target), "-H", f"Authorization: Token {token}"]
    command += ["-H", f'If-Range: "{sha256}"', f"{site.address}{path}"]
    started = time.perf_counter()
    for place in sorted(dice.randrange(1, SIZE) for _ in range(CUTS)):
        cut_at([*command, "--limit-rate", RATE], target, place)
    cuts_took = time.perf_counter() - started
    if target.stat().st_size < SIZE:  # the last cut may have come too late
        subprocess.run(command, check=True)
    with target.open("rb") as file:
        same = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    return Bar(
        f"SHA-256 equal after {CUTS} random cuts, each resumed with curl -C -",
        float(same),
        1,
        at_least=True,
        detail=f"{target.stat().st_size:,} bytes; the cuts took {cuts_took:.0f} s",
    )


def cut_at(command: list[str], target: Path, place: int) -> None:
    """Kills curl as soon as the file has grown to this place."""
    curl = subprocess.Popen(command)
    while curl.poll() is None and (not target.exists() or target.stat().st_size < place):
        time.sleep(0.001)
    curl.kill()
    if curl.wait() > 0:
        raise RuntimeError(f"curl ended with {curl.returncode} at {target.stat().st_size:,} bytes")
