"""Kill -9 of every process of a site at random moments, while a job runs: it succeeds, and its images are the same.

The first job is left alone. The second has its recipe and seed, and is disturbed.
"""

import contextlib
import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks import processes
from benchmarks.bars import Bar
from benchmarks.site import Site, running

KILLS, FULL_KILLS = 10, 50
# Of training, at the speed that the first job's pilot measures, and images.
MINUTES, COUNT = 0.35, 12_000
DEADLINE_SECONDS = 1200.0
MOST_REPEATED = 60.0
# What is killed while which task is under way, in this order; the moments are random.
VICTIMS = {
    "train": ("horse", "worker", "web", "valkey", "sweep"),
    "sample": ("horse", "worker", "valkey", "web", "sweep"),
    "finish": ("horse", "web", "valkey", "sweep"),
}
# The share of the kills that is over when the task is; what a short task misses is left to the next.
SHARES = {"train": 0.6, "sample": 0.8, "finish": 1.0}
QUEUES = {"train": "training", "sample": "sampling", "finish": "sampling"}

SUBMIT = """
import sys
import django; django.setup()
from benchmarks.sampling.job import drawn
from generation import jobs
from generation.engine.config import RecipeRequest
from generation.models import GenerationJob, SourceSet
from marketplace.accounts.models import User

user, _made = User.objects.get_or_create(email="bench@example.com", defaults={"name": "Bench"})
first = GenerationJob.objects.order_by("pk").first()
source_set = first.source_set if first else drawn(user)
request = RecipeRequest("quick", 28, minutes=float(sys.argv[1]))
job = jobs.submit(user, source_set, count=int(sys.argv[2]), request=request, seed=7)
if first:
    GenerationJob.objects.filter(pk=job.pk).update(resolved=first.resolved)
print(job.pk)
"""


@dataclass
class Story:
    """What was killed, and what became of the job."""

    state: str
    reason: str
    same: bool
    numbers: list[int]
    kinds: list[str]
    killed: list[str] = field(default_factory=list)
    # Seconds of training that were done again after each kill.
    repeated: list[float] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """Events that are missing or told twice."""
        once = [kind for kind in self.kinds if kind in ("submitted", "claimed", "succeeded", "failed")]
        gaps = len(set(range(1, len(self.numbers) + 1)) ^ set(self.numbers))
        return gaps + len(self.numbers) - len(set(self.numbers)) + len(once) - len(set(once))


def bars(*, full: bool) -> Iterator[Bar]:
    kills = FULL_KILLS if full else KILLS
    story = told(kills, MINUTES * (5 if full else 1), COUNT * (4 if full else 1))
    killed = ", ".join(f"{story.killed.count(name)} of {name}" for name in sorted(set(story.killed)))
    yield Bar("kills that a job survived", len(story.killed) * (story.state == "succeeded"), kills, "", True, killed)
    yield Bar("images that differ from an undisturbed run (1: some)", float(not story.same), 0, detail=story.reason)
    yield Bar("events missing or told twice", story.faults, 0, detail=f"{len(story.numbers)} events")
    worst = max(story.repeated, default=0.0)
    detail = ", ".join(f"{seconds:.0f}" for seconds in story.repeated)
    yield Bar("training repeated after a kill, at most", worst, MOST_REPEATED, " s", detail=f"each: {detail}")


def told(kills: int, minutes: float, count: int, seed: int = 0) -> Story:
    with running(workers=True) as site:
        first = submit(site, minutes, count)
        wait(lambda: ended(site, first))
        second = submit(site, minutes, count)
        killed, repeated = disturb(site, second, kills, random.Random(seed))
        wait(lambda: ended(site, second))
        return read(site, first, second, killed, repeated)


def submit(site: Site, minutes: float, count: int) -> int:
    return int(site.python("-", str(minutes), str(count), stdin=SUBMIT))


def disturb(site: Site, job: int, kills: int, chance: random.Random) -> tuple[list[str], list[float]]:
    """Kills one process after the other until there were enough of them, or the job has ended."""
    killed: list[str] = []
    reached: list[float] = []
    victims = {kind: list(names) for kind, names in VICTIMS.items()}
    while len(killed) < kills and not ended(site, job):
        kind = running_task(site, job)
        if not kind or len(killed) >= SHARES[kind] * kills:
            time.sleep(0.1)
            continue
        if not victims[kind]:
            # The last task has no place in between that counts as one: it is lost once.
            victims[kind] = [name for name in VICTIMS[kind] if (kind, name) != ("finish", "horse")]
        name = victims[kind].pop(0)
        if strike(site, job, kind, name, chance, reached):
            killed.append(f"{name} of {kind}" if name in ("horse", "worker") else name)
    return killed, repeated_after(site, job, reached)


def strike(site: Site, job: int, kind: str, name: str, chance: random.Random, reached: list[float]) -> bool:
    """False where the moment has passed."""
    if name in ("horse", "worker"):
        before = progress(site, job, kind)
        # Somewhere after a place that no attempt had come to: a third loss at the same one rightly ends the job.
        if kind != "finish":
            wait(lambda: progress(site, job, kind) != before or ended(site, job))
        time.sleep(chance.uniform(0, 6 if kind == "train" else 0.5))
    else:
        time.sleep(chance.uniform(0, 1.5))
    if name in ("horse", "worker") and running_task(site, job) != kind:
        return False
    stands = figures(site, job)
    pid = find(site, name, QUEUES[kind])
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    if kind == "train" and name in ("horse", "worker"):
        reached.append(stands.get("kimg", 0.0))
    return True


def find(site: Site, name: str, queue: str) -> int | None:
    words = {"web": "ganerate.server", "valkey": "valkey-server", "sweep": "manage.py sweep"}
    if name in words:
        there = processes.of_site(site.folder)
        return next((pid for pid, command in there.items() if words[name] in command), None)
    workers, horses = processes.workers(site.folder, queue)
    found = horses if name == "horse" else workers
    return found[0] if found else None


def read(site: Site, first: int, second: int, killed: list[str], repeated: list[float]) -> Story:
    (state, reason, traceback), *_ = rows(
        site, "SELECT state, reason, traceback FROM generation_generationjob WHERE id = ?", second
    )
    told = rows(site, "SELECT number, kind FROM generation_jobevent WHERE job_id = ? ORDER BY number", second)
    files = [manifest(site, job) for job in (first, second)]
    return Story(
        state, f"{reason} {traceback}".strip(), files[0] == files[1] != "", [row[0] for row in told],
        [row[1] for row in told], killed, repeated,
    )  # fmt: skip


def manifest(site: Site, job: int) -> str:
    """The hash of a file that holds the hash of every image."""
    found = rows(
        site,
        "SELECT f.sha256 FROM generation_datasetfile f JOIN generation_dataset d ON d.id = f.dataset_id "
        "WHERE d.job_id = ? AND f.kind = 'manifest'",
        job,
    )
    return found[0][0] if found else ""


def repeated_after(site: Site, job: int, reached: list[float]) -> list[float]:
    """In seconds, at the speed of the whole training."""
    wait(lambda: len(resumed(site, job)) >= len(reached) or ended(site, job))
    speed = trained_speed(site, job)
    return [1000 * (stood - kimg) / speed for stood, kimg in zip(reached, resumed(site, job), strict=False)]


def trained_speed(site: Site, job: int) -> float:
    """Images per second, without what was repeated; the pilot's where no training came to its end."""
    (resolved, metrics), *_ = rows(
        site,
        "SELECT j.resolved, g.metrics FROM generation_generationjob j LEFT JOIN generation_generator g "
        "ON g.id = j.generator_id WHERE j.id = ?",
        job,
    )
    if metrics:
        trained = json.loads(metrics)
        return float(1000 * trained["kimg"] / trained["seconds"])
    return float(json.loads(resolved)["pilot"]["images_per_second"])


def resumed(site: Site, job: int) -> list[float]:
    found = rows(site, "SELECT payload FROM generation_jobevent WHERE job_id = ? AND kind = 'resumed'", job)
    return [json.loads(payload)["data"]["kimg"] for (payload,) in found]


def running_task(site: Site, job: int) -> str:
    found = rows(site, "SELECT kind FROM generation_jobtask WHERE job_id = ? AND state = 'running'", job)
    return found[0][0] if found else ""


def progress(site: Site, job: int, kind: str) -> str:
    """Changes with each checkpoint, and with each shard that is done."""
    if kind == "train":
        return str(rows(site, "SELECT json_extract(output, '$.checkpoint') FROM generation_jobtask WHERE job_id = ? "
                              "AND kind = 'train'", job))  # fmt: skip
    return str(rows(site, "SELECT count(*) FROM generation_jobtask WHERE job_id = ? AND state = 'done'", job))


def figures(site: Site, job: int) -> dict[str, float]:
    (snapshot,), *_ = rows(site, "SELECT snapshot FROM generation_generationjob WHERE id = ?", job)
    data: dict[str, float] = json.loads(snapshot).get("data", {})
    return data


def ended(site: Site, job: int) -> bool:
    (state,), *_ = rows(site, "SELECT state FROM generation_generationjob WHERE id = ?", job)
    return state in ("succeeded", "failed", "cancelled")


def rows(site: Site, query: str, job: int) -> list[Any]:  # Any: what SQLite has in its columns
    """Read from the file itself: any part of the site may just be dead."""
    with contextlib.closing(sqlite3.connect(site.folder / "db.sqlite3", timeout=60)) as database:
        return database.execute(query, [job]).fetchall()


def wait(true: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not true():
        if time.monotonic() > end:
            raise RuntimeError("the job stands still")
        time.sleep(0.1)
