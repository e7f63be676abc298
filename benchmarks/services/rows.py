"""What a shard costs besides its images: claimed, told of once and committed, with nothing made and nothing stored.

In a job of ten shards and in one of ten thousand, on PostgreSQL and Redis. A seller's small jobs and another's large
one take turns in one process, so that both meet the same machine; most of the large job's shards are passed over, so
that it is measured from its first to its last.

python -m benchmarks.services.rows is the process that measures.
"""

import json
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import django

from benchmarks.bars import Bar
from benchmarks.services import namespaces
from benchmarks.services.hosts import site
from benchmarks.services.servers import servers

FEW, MANY = 10, 10_000
SHARD = 64
# Of the large job, so many are measured, and then so many passed over.
MEASURED, PASSED = 5, 95
SWEEPS = 25


def bars(*, full: bool) -> Iterator[Bar]:
    if why := namespaces.missing():
        print(f"!! SKIPPED: {why}, so the servers have no network of their own here.")
        return
    with namespaces.hosts(1), servers(store=False) as there, site(there) as farm:
        found = farm.python("-m", "benchmarks.services.rows")
    few, many = found["few"], found["many"]
    yield Bar(
        f"what a shard costs in rows and tickets, of {MANY:,} against of {FEW}, medians",
        many / few,
        1.2,
        "x",
        detail=f"{1000 * few:.1f} and {1000 * many:.1f} ms; first and last tenth of {MANY:,}: "
        f"{1000 * found['first']:.1f} and {1000 * found['last']:.1f} ms; a round of the sweeper beside {FEW} and "
        f"{MANY:,} waiting shards: {1000 * found['sweep_few']:.0f} and {1000 * found['sweep_many']:.0f} ms",
    )


def measured() -> dict[str, float]:
    from generation import recovery
    from marketplace.accounts.models import User

    many, few = (User.objects.create(email=f"{name}@example.com", name=name) for name in ("many", "few"))
    sweeps = {}
    job_of(few, FEW)
    sweeps["sweep_few"] = statistics.median(seconds(recovery.sweep) for _ in range(SWEEPS))
    large = job_of(many, MANY)
    sweeps["sweep_many"] = statistics.median(seconds(recovery.sweep) for _ in range(SWEEPS))
    times: dict[int, list[float]] = defaultdict(list)
    while len(times[large.pk]) * (MEASURED + PASSED) < MANY * MEASURED:
        owner, took = a_shard()
        times[owner].append(took)
        if owner == large.pk:
            if len(times[owner]) % MEASURED == 0:
                pass_over(large)
        elif len(times[owner]) == FEW:
            job_of(few, FEW)
    of_large = times.pop(large.pk)
    tenth = len(of_large) // 10
    return sweeps | {
        "few": statistics.median(took for found in times.values() for took in found),
        "many": statistics.median(of_large),
        "first": statistics.median(of_large[:tenth]),
        "last": statistics.median(of_large[-tenth:]),
    }


def seconds(act: Any) -> float:  # Any: what it answers does not matter
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def job_of(owner: Any, shards: int) -> Any:  # Any: models are there after setup()
    """As it is once its training is done."""
    from django.utils import timezone

    from generation import claims
    from generation.models import GenerationJob, Generator, SourceSet

    recipe = {"resolution": 64, "channels": 3, "classes": [], "preset": "quick", "fit": "crop"}
    source_set, _made = SourceSet.objects.get_or_create(owner=owner, name="None", defaults={"usable_count": 100})
    generator, _made = Generator.objects.get_or_create(
        owner=owner, source_set=source_set, size=1, checkpoint_key="x", sha256="x", recipe=recipe,
        defaults={"source_fingerprint": "f" * 64, "metrics": {}},
    )  # fmt: skip
    job = GenerationJob.objects.create(
        owner=owner, source_set=source_set, generator=generator, count=shards * SHARD, seed=0, requested={},
        state="running", stage="sampling", started_at=timezone.now(), first_slot=0,
    )  # fmt: skip
    claims.add_shards(job, shards * SHARD, SHARD)
    return job


def a_shard() -> tuple[int, float]:
    """Whose it was, and how long all took but making and storing its images."""
    from types import SimpleNamespace

    from generation import claims
    from generation.tasks import sample
    from generation.tasks.reporting import Teller

    nothing: Any = SimpleNamespace(end=lambda: "0" * 64, store=lambda key: None)
    screen: Any = SimpleNamespace(made=SHARD, rejected_at_first=0, environment={})
    started = time.perf_counter()
    claim = claims.claim("sampling", "bench")
    assert claim is not None
    job = claim.task.job
    assert job is not None
    with Teller(job) as teller:
        pace = sample.Pace(job, claim, teller)
        pace.told -= sample.REPORT_SECONDS
        pace.report(SHARD, screen)
        sample.commit(claim, job, nothing, screen, teller)
    took = time.perf_counter() - started
    # Its end, once there is one, is not measured.
    job.tasks.filter(kind="finish").delete()
    return job.pk, took


def pass_over(job: Any) -> None:  # Any: models are there after setup()
    from generation.tasks import sample

    waiting = job.tasks.filter(kind="sample", state="queued").order_by("turn")
    some = list(waiting.values_list("pk", flat=True)[:PASSED])
    job.tasks.filter(pk__in=some).update(state="done", output={"environment": {}})
    sample.count(job, len(some), {"done": SHARD, "made": SHARD, "rejected": 0})


if __name__ == "__main__":
    django.setup()
    print(json.dumps(measured()))
