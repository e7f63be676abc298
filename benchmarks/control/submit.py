"""Control back at once: what a seller waits for when a job is submitted.

One client on one connection asks in turn for a no-op, a job on 50 source images and a job on 10,000, so that all
three see the same machine. The figures judged are ratios of medians.
"""

import json
import statistics
import time
from collections.abc import Iterator

import urllib3

from benchmarks.bars import Bar
from benchmarks.site import Site, running

ROUNDS = 150
WARM_UP = 15

PREPARE = """
import json
import django; django.setup()
from django.utils import timezone
from generation.models import SourceImage, SourceSet
from marketplace.accounts.models import ApiToken, User

user, _made = User.objects.get_or_create(email="bench@example.com", defaults={"name": "Bench"})
user.accept_present_terms()

def source_set(count):
    made = SourceSet.objects.create(owner=user, name=str(count), declared_at=timezone.now(), declaration_version="x",
                                    usable_count=count, draft_fingerprint=f"{count:064x}")
    SourceImage.objects.bulk_create([
        SourceImage(source_set=made, number=i, file_name=f"{i}.png", verdict="accepted", width=400, height=400,
                    sha256=f"{i:064x}", pixel_sha256=f"{i:064x}", key=f"source-sets/{i}.png") for i in range(count)
    ], batch_size=1000)
    return str(made.public_id)

token = ApiToken.issue(user, "bench", ["read", "generate"])[1]
print(json.dumps({"token": token, "50": source_set(50), "10000": source_set(10000)}))
"""


def bars(*, full: bool) -> Iterator[Bar]:
    with running(workers=False) as site:
        made = prepare(site)
        times = measure(site, made, rounds=ROUNDS * (5 if full else 1))
    medians = {name: statistics.median(values) for name, values in times.items()}
    shown = ", ".join(f"{name} {value * 1000:.1f} ms" for name, value in medians.items())
    yield Bar(
        "POST /api/v1/jobs/ against a no-op POST, medians",
        medians["job on 50 images"] / medians["no-op"],
        3.0,
        "x",
        detail=f"medians of {len(times['no-op'])}: {shown}; the paper: 400 ms asynchronous, 1,200,000 ms blocking",
    )
    yield Bar(
        "POST /api/v1/jobs/ with 10,000 source images against 50, medians",
        medians["job on 10,000 images"] / medians["job on 50 images"],
        1.1,
        "x",
    )


def prepare(site: Site) -> dict[str, str]:
    """A token, and a source set of 50 images and one of 10,000, as rows without files."""
    made: dict[str, str] = json.loads(site.python("-", stdin=PREPARE))
    return made


def measure(site: Site, made: dict[str, str], rounds: int) -> dict[str, list[float]]:
    pool = urllib3.connection_from_url(site.address, maxsize=1)
    request = {"count": 1000, "preset": "quick", "resolution": 64}
    calls = {
        "no-op": ("/api/v1/no-op/", request),
        "job on 50 images": ("/api/v1/jobs/", request | {"source_set": made["50"]}),
        "job on 10,000 images": ("/api/v1/jobs/", request | {"source_set": made["10000"]}),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    for _ in range(rounds + WARM_UP):
        order = [*order[1:], order[0]]  # each comes first, second and third equally often
        for name in order:
            path, body = calls[name]
            times[name].append(timed_post(pool, path, body, made["token"]))
    return {name: values[WARM_UP:] for name, values in times.items()}


def timed_post(pool: urllib3.HTTPConnectionPool, path: str, body: dict[str, object], token: str) -> float:
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    started = time.perf_counter()
    answer = pool.request("POST", path, body=json.dumps(body), headers=headers)
    took = time.perf_counter() - started
    if answer.status != 201:
        raise RuntimeError(f"{path} answered {answer.status}: {answer.data.decode()[:500]}")
    return took
