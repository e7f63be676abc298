"""Eight clients with five POSTs a second each, while nothing else happens and while a job trains.

The schedule is fixed beforehand and each answer is timed from the moment its request was due, so that a slow answer
makes the next ones late in the figures too. A view that does nothing is asked under the same load in the same run.
"""

import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import urllib3

from benchmarks.bars import Bar
from benchmarks.control.submit import prepare, timed_post
from benchmarks.site import Site, running
from ganerate.demo.client import Client
from generation.engine.drawn import write_zip

CLIENTS = 8
PER_SECOND = 5
SECONDS = 30
WARM_UP = 25  # requests of each client

Figures = dict[str, list[float]]


def bars(*, full: bool) -> Iterator[Bar]:
    seconds = SECONDS * (5 if full else 1)
    with running(workers=False) as site:
        yield bar("while nothing else happens", measure(site, seconds), 150)
    with running(workers=True) as site:
        job = train(site)
        figures = measure(site, seconds)
        still = Client(site.address, site.token()).get(f"/api/v1/jobs/{job}/")
        if still["stage"] != "training":
            raise RuntimeError(f"the job was to train all the while, and is {still['state']}, {still['stage']}")
        yield bar("while a job trains", figures, 300)


def bar(when: str, figures: Figures, most: float) -> Bar:
    return Bar(
        f"POST /api/v1/jobs/, {CLIENTS} clients, {PER_SECOND} a second each, {when}: p99",
        percentile(figures["job"], 99),
        most,
        " ms",
        detail="; ".join(described(name, values) for name, values in figures.items()),
    )


def described(name: str, values: list[float]) -> str:
    shown = {"median": statistics.median(values), "p95": percentile(values, 95), "p99": percentile(values, 99)}
    listed = ", ".join(f"{label} {value:.1f}" for label, value in (shown | {"most": max(values)}).items())
    return f"{name} {listed} ms (n {len(values)})"


def percentile(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def measure(site: Site, seconds: float) -> Figures:
    made = prepare(site)
    body = {"count": 1000, "preset": "quick", "resolution": 64}
    calls = {
        "no-op": ("/api/v1/no-op/", body),
        "job": ("/api/v1/jobs/", body | {"source_set": made["50"]}),
    }
    return {name: crowd(site, path, body, made["token"], seconds) for name, (path, body) in calls.items()}


def crowd(site: Site, path: str, body: dict[str, object], token: str, seconds: float) -> list[float]:
    """Milliseconds from due to answered, of all clients."""
    times: list[float] = []
    begin = time.perf_counter() + 0.5
    dice = random.Random(1)
    count = int(PER_SECOND * seconds) + WARM_UP

    def client(first: float) -> None:
        pool = urllib3.connection_from_url(site.address, maxsize=1)
        mine = []
        for due in (first + number / PER_SECOND for number in range(count)):
            time.sleep(max(0.0, due - time.perf_counter()))
            timed_post(pool, path, body, token)
            mine.append((time.perf_counter() - due) * 1000)
        times.extend(mine[WARM_UP:])

    # Each begins where chance puts it within its own fifth of a second.
    threads = [threading.Thread(target=client, args=(begin + dice.random() / PER_SECOND,)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(times) != CLIENTS * (count - WARM_UP):
        raise RuntimeError(f"a client of {path} ended early")
    return times


def train(site: Site) -> str:
    """A real job, which trains longer than the measurement takes; returns its id once it does."""
    client = Client(site.address, site.token())
    source_set = uploaded(client)
    request = {"source_set": source_set, "count": 1000, "preset": "best", "resolution": 64, "kimg": 2000}
    job = client.post("/api/v1/jobs/", request)
    for event in client.events(job["urls"]["events"]):
        if event["stage"] == "training" and "kimg" in event["data"]:
            return str(job["id"])
    raise RuntimeError("the job ended before it trained")


def uploaded(client: Client) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shapes.zip"
        write_zip(path, 300, size=64, seed=0)
        return upload(client, path)


def upload(client: Client, path: Path) -> str:
    declaration = {"owns_rights": True, "no_recognisable_people": True}
    source_set = client.post("/api/v1/source-sets/", {"name": path.stem, "declaration": declaration})["id"]
    uploads = f"/api/v1/source-sets/{source_set}/uploads/"
    begun = client.post(uploads, {"file_name": path.name, "size": path.stat().st_size})
    client.request("PUT", f"{uploads}{begun['id']}/parts/1/", path.read_bytes())
    client.post(f"{uploads}{begun['id']}/complete/")
    while client.get(f"{uploads}{begun['id']}/")["state"] != "done":
        time.sleep(0.2)
    return str(source_set)
