"""Seconds from asking for a cancellation until the job has ended and no process works on it, in each of its stages."""

import json
from collections.abc import Iterator

from benchmarks.bars import Bar
from benchmarks.site import running

MOST_SECONDS = 5.0
ROUNDS, FULL_ROUNDS = 1, 5

# Trains one generator; each later job starts from nothing or from that, and is cancelled in the stage named.
CANCEL = """
import json, sys, time
import django; django.setup()
from django.conf import settings
from benchmarks.processes import workers
from benchmarks.sampling.job import drawn
from generation import jobs
from generation.engine.config import RecipeRequest
from generation.models import GenerationJob
from marketplace.accounts.models import User

user, _made = User.objects.get_or_create(email="bench@example.com", defaults={"name": "Bench"})
source_set, stages = drawn(user), GenerationJob.Stage.values

def at_work():
    _workers, horses = workers(settings.VAR_DIR)
    return bool(horses)

def submitted(kimg, count):
    request = RecipeRequest("quick", 28, kimg=kimg)
    return jobs.submit(user, source_set, count=count, request=request, seed=7)

def follow(job, until):
    while not until(job):
        time.sleep(0.02)
        job.refresh_from_db()

def has_come_to(job, stage):
    there = job.stage and stages.index(job.stage) >= stages.index(stage)
    return there and job.tasks.filter(state="running").exists()

def cancelled(job, stage):
    follow(job, lambda job: job.is_terminal or has_come_to(job, stage))
    asked = time.monotonic()
    jobs.cancel(job)
    follow(job, lambda job: job.is_terminal and not at_work())
    return time.monotonic() - asked, job.state

first = submitted(2.0, 64)
follow(first, lambda job: job.is_terminal)
took = {stage: [] for stage in stages}
for _round in range(int(sys.argv[1])):
    for stage in stages:
        young = stage in ("preparing", "training")
        job = submitted(1000.0, 64) if young else jobs.more(user, first.generator, count=20_000)
        seconds, state = cancelled(job, stage)
        if state != "cancelled":
            raise SystemExit(f"{stage}: {state}, {job.reason}")
        took[stage].append(seconds)
print(json.dumps(took))
"""


def bars(*, full: bool) -> Iterator[Bar]:
    with running(workers=True) as site:
        took: dict[str, list[float]] = json.loads(site.python("-", str(FULL_ROUNDS if full else ROUNDS), stdin=CANCEL))
    for stage, seconds in took.items():
        each = ", ".join(f"{one:.1f}" for one in seconds)
        yield Bar(f"a job cancelled while {stage} has ended after", max(seconds), MOST_SECONDS, " s", detail=each)
