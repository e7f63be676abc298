"""Choosing what stays of 10,000 images: a page and a key take as long as among 100, and ask no more queries."""

import itertools
import json
import statistics
import sys
import time
import uuid
from array import array
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.bars import Bar
from benchmarks.site import prepared

FEW, JOB, MUCH = 100, 10_000, 1_000_000
ROUNDS = 60
SLOWER = 1.5
Told = dict[str, dict[int, dict[str, float]]]


def bars(*, full: bool) -> Iterator[Bar]:
    with prepared() as site:
        told = json.loads(site.python("-m", "benchmarks.market.curation").splitlines()[-1])
    for name, by_count in told.items():
        few, ours, much = (by_count[str(count)] for count in (FEW, JOB, MUCH))
        detail = f"median {ours['median']:.0f} ms, p95 {ours['p95']:.0f} ms; of {MUCH:,} images {much['median']:.0f} ms"
        times = ours["median"] / few["median"]
        yield Bar(f"curation, {name}: {JOB:,} images beside {FEW}", times, SLOWER, " times", detail=detail)
        grown, detail = much["queries"] - few["queries"], f"{few['queries']} queries"
        yield Bar(f"curation, {name}: more queries for {MUCH:,} images", grown, 0, detail=detail)


def measured() -> Told:
    """In a process that has settings. One round after another asks all, so that all are measured in the same time."""
    from django.db import connection
    from django.test import Client

    from generation import curation
    from marketplace.accounts.models import User

    user = User.objects.create_user("bench@example.com", "correct horse 42", name="Bench")
    user.accept_present_terms()
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    connection.force_debug_cursor = True
    asked = {}
    for count in (FEW, JOB, MUCH):
        dataset = a_dataset(user, count)
        curation.reject(dataset, range(0, count, max(5, count // 2_000)))
        asked[count] = acts(client, f"{dataset.get_absolute_url()}curate/")
    rounds = [
        [(name, count, once(acts[name])) for count, acts in asked.items() for name in acts] for _ in range(ROUNDS)
    ]
    told: Told = {}
    for name, count, _once in rounds[0]:
        found = [one for part in rounds for other, of, one in part if (other, of) == (name, count)]
        told.setdefault(name, {})[count] = summed_up(found)
    return told


def acts(client: Any, address: str) -> dict[str, Callable[[], Any]]:  # Any: of Django's test client
    # Of images that are not rejected yet.
    keys = itertools.cycle(number for number in range(FEW) if number % 5)
    shown = ",".join(map(str, range(60)))

    def key() -> Any:
        return client.post(
            address, {"do": "reject", "image": next(keys), "shown": shown}, headers={"X-Part": "curation"}
        )

    part = {"HX-Target": "beyond-artefact"}
    return {
        "page": lambda: client.get(address),
        "worst first": lambda: client.get(f"{address}?order=artefact&page=50"),
        "threshold": lambda: client.get(f"{address}?artefact=1.2", headers=part),
        "key": key,
    }


def once(act: Callable[[], Any]) -> tuple[float, int]:
    """Milliseconds and queries."""
    from django.db import connection, reset_queries

    reset_queries()
    started = time.perf_counter()
    answer = act()
    milliseconds = 1000 * (time.perf_counter() - started)
    assert answer.status_code == 200, answer.status_code
    return milliseconds, len(connection.queries)


def summed_up(found: list[tuple[float, int]]) -> dict[str, float]:
    times = [milliseconds for milliseconds, _queries in found]
    p95 = statistics.quantiles(times, n=20)[-1]
    return {"median": statistics.median(times), "p95": p95, "queries": found[-1][1]}


def a_dataset(user: Any, count: int) -> Any:
    """Without images: nothing here reads any. A hundredth of it lies beyond the usual thresholds."""
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage
    from django.utils import timezone

    from generation.models import Dataset, DatasetFile, GenerationJob, Generator, SourceSet

    owned = {"owner": user}
    sources = SourceSet.objects.create(name="Bench", **owned)
    generator = Generator.objects.create(
        source_set=sources, recipe={}, checkpoint_key="-", sha256="0" * 64, size=1, **owned
    )
    job = GenerationJob.objects.create(
        source_set=sources, generator=generator, count=count, seed=1, requested={}, first_slot=0, state="succeeded",
        finished_at=timezone.now(), **owned,
    )  # fmt: skip
    dataset = Dataset.objects.create(
        job=job, generator=generator, name="Bench", count=count, first_slot=0, resolution=64, channels=3, size=0,
        content_hash=uuid.uuid4().hex * 2, report={}, **owned,
    )  # fmt: skip
    key = default_storage.save(f"datasets/{dataset.public_id}/measures.bin", ContentFile(columns(count)))
    DatasetFile.objects.create(dataset=dataset, kind="measures", name="measures.bin", key=key, size=1, sha256="0" * 64)
    return dataset


def columns(count: int) -> bytes:
    """As measures.py reads them: closeness, likeness of two, artefacts; then whom each is like."""
    numbers = array("I", range(count)).tobytes()
    near = array("f", (1 + 3 * (number - count // 100) / count for number in range(count))).tobytes()
    broken = array("f", (1 - (number - count // 100) / count for number in range(count))).tobytes()
    one = near + numbers + near
    return one + one + broken + numbers + broken + array("I", [0] * count).tobytes()


if __name__ == "__main__":
    import django

    django.setup()
    json.dump(measured(), sys.stdout)
