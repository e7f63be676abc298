"""The task `sample`: the images of one shard of slots."""

import time
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from generation import events, leftovers, recovery
from generation.claims import Claim
from generation.heartbeats import Heartbeat
from generation.models import GenerationJob, JobTask

from . import shards
from .endings_of_work import Impossible
from .screening import Screen
from .shards import ShardFile
from .watching import Watch

REPORT_SECONDS = 1.0
# Events of the whole job while it samples; between them there are ticks.
STEPS = 200


def run(claim: Claim, alive: Heartbeat) -> None:
    job, shard = claim.task.job, claim.task
    assert job is not None
    assert job.first_slot is not None
    watch = Watch(claim, job, alive)
    watch.check()
    screen = Screen.of(job, watch.check)
    refuse_other_kind_of_machine(job, screen)
    slots = range(job.first_slot + shard.first, job.first_slot + shard.first + shard.count)
    pace = Pace(job, claim)
    with ShardFile() as file:
        for done, made in enumerate(screen.accepted_images(slots), start=1):
            file.add(made.entry, made.png)
            if done % 64 == 0:
                watch.check()
                pace.report(done, screen)
        commit(claim, job, file, screen)


def refuse_other_kind_of_machine(job: GenerationJob, screen: Screen) -> None:
    """Equal bytes are promised for equal versions and instructions, so one dataset comes from one kind of machine."""
    for shard in shards.done(job)[:1]:
        if shard.output.get("environment", screen.environment) != screen.environment:
            raise Impossible(
                _("The rest of the images would have to be made on another kind of machine. Please start again.")
            )


def commit(claim: Claim, job: GenerationJob, file: ShardFile, screen: Screen) -> None:
    key = f"{leftovers.shard_folder(job)}/{claim.task.first:09d}-{claim.fence}.zip"
    output = counts(claim.task.count, screen) | {"environment": screen.environment}
    try:
        digest = file.store(key)
        with transaction.atomic():
            # Held by whichever shard commits, so that the last one sees all others.
            GenerationJob.objects.select_for_update().get(pk=job.pk)
            claim.finish(output_key=key, sha256=digest, output=output)
            tell(job, claim.task)
            if not job.tasks.filter(kind=JobTask.Kind.SAMPLE, state__in=("queued", "running")).exists():
                recovery.add_finish(job)
    except BaseException:
        default_storage.delete(key)
        raise


def tell(job: GenerationJob, shard: JobTask) -> None:
    """Shards write no events of their own: the whole job's progress is told, each time it passes a step."""
    data = progress(job)
    before = data["done"] - shard.count
    if data["done"] * STEPS // job.count > before * STEPS // job.count:
        events.record(job, "progress", data)


def counts(done: int, screen: Screen) -> dict[str, Any]:
    return {"done": done, "made": screen.made, "rejected": screen.rejected_at_first}


def progress(job: GenerationJob) -> dict[str, Any]:
    rows = job.tasks.filter(kind=JobTask.Kind.SAMPLE).values_list("state", "count", "output")
    done = sum(count if state == "done" else output.get("done", 0) for state, count, output in rows)
    rejected = sum(output.get("rejected", 0) for _state, _count, output in rows)
    return {"done": done, "of": job.count, "rejected": rejected, "fraction": done / job.count}


class Pace:
    """Ticks of the whole job, about once a second, with the time left at this shard's speed."""

    def __init__(self, job: GenerationJob, claim: Claim) -> None:
        self.job, self.claim = job, claim
        self.started = self.told = time.monotonic()

    def report(self, done: int, screen: Screen) -> None:
        now = time.monotonic()
        if now - self.told < REPORT_SECONDS:
            return
        self.told = now
        self.claim.advance(**counts(done, screen))
        data = progress(self.job)
        left = (data["of"] - data["done"]) * (now - self.started) / done
        events.tick(self.job, data | {"seconds_left": [round(0.9 * left, 1), round(1.3 * left + 5, 1)]})
