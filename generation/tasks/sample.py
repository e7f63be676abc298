"""The task `sample`: the images of one shard of slots."""

import time
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F

from generation import events, leftovers, recovery, refinements
from generation.claims import Claim
from generation.heartbeats import Heartbeat
from generation.models import GenerationJob, JobTask

from .disturbances import patiently
from .endings_of_work import OtherMachine
from .reporting import Teller
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
    slots = range(job.first_slot + shard.first, job.first_slot + shard.first + shard.count)
    with ShardFile() as file, Teller(job) as teller:
        pace = Pace(job, claim, teller)
        screen = Screen.of(job, watch.check)
        refuse_other_kind_of_machine(job, screen.environment)
        for done, made in enumerate(screen.accepted_images(slots), start=1):
            file.add(made.entry, made.png)
            if done % 64 == 0:
                watch.check()
                pace.report(done, screen)
        commit(claim, job, file, screen, teller)


def refuse_other_kind_of_machine(job: GenerationJob, environment: dict[str, Any]) -> None:
    """Equal bytes are promised for equal versions and instructions, so one dataset comes from one kind of machine."""
    done = job.tasks.filter(kind=JobTask.Kind.SAMPLE, state=JobTask.State.DONE)
    for output in done.order_by().values_list("output", flat=True)[:1]:
        if output.get("environment", environment) != environment:
            raise OtherMachine(f"{environment} is not {output['environment']}")


def commit(claim: Claim, job: GenerationJob, file: ShardFile, screen: Screen, teller: Teller) -> None:
    key = f"{leftovers.shard_folder(job)}/{claim.task.first:09d}-{claim.fence}.zip"
    output = counts(claim.task.count, screen) | {"environment": screen.environment}
    digest = file.end()
    try:
        # Made in half a minute, and not to be made again because the store was away for one.
        patiently(partial(file.store, key))
        with transaction.atomic():
            # Held by whichever shard commits, so that the last one sees all others.
            GenerationJob.objects.select_for_update().get(pk=job.pk)
            refuse_other_kind_of_machine(job, screen.environment)
            claim.finish(output_key=key, sha256=digest, output=output)
            count(job, 1, output)
            tell(job, claim.task, teller)
            if not job.tasks.filter(kind=JobTask.Kind.SAMPLE, state__in=("queued", "running")).exists():
                recovery.add_finish(job)
    except BaseException:
        leftovers.remove_uncommitted(claim.task, key)
        raise


def count(job: GenerationJob, times: int, output: dict[str, Any]) -> None:
    """Adds a shard's figures to the job's, or with `times` -1 takes them back: no shard looks at all the others."""
    GenerationJob.objects.filter(pk=job.pk).update(
        images_done=F("images_done") + times * output["done"],
        images_tried=F("images_tried") + times * output["made"],
        images_rejected=F("images_rejected") + times * output["rejected"],
    )


def tell(job: GenerationJob, shard: JobTask, teller: Teller) -> None:
    """Shards write no events of their own: the whole job's progress is told, each time it passes a step."""
    data = progress(job)
    before = data["done"] - shard.count
    teller.see(**data)
    if data["done"] * STEPS // data["of"] > before * STEPS // data["of"]:
        events.record(job, "progress", teller.data)


def counts(done: int, screen: Screen) -> dict[str, Any]:
    return {"done": done, "made": screen.made, "rejected": screen.rejected_at_first}


def progress(job: GenerationJob) -> dict[str, int]:
    columns = ("images_done", "images_tried", "images_rejected")
    so_far = GenerationJob.objects.values_list(*columns).get(pk=job.pk)
    at_work = job.tasks.filter(kind=JobTask.Kind.SAMPLE, state=JobTask.State.RUNNING)
    under_way = list(at_work.order_by().values_list("output", flat=True))
    names = ("done", "made", "rejected")
    done, made, rejected = (
        counted + sum(output.get(name, 0) for output in under_way) for counted, name in zip(so_far, names, strict=True)
    )
    return {"done": done, "of": refinements.new_images(job), "made": made, "rejected": rejected}


class Pace:
    """Counts the whole job about once a second."""

    def __init__(self, job: GenerationJob, claim: Claim, teller: Teller) -> None:
        self.job, self.claim, self.teller = job, claim, teller
        self.told = time.monotonic()
        if (before := progress(job))["done"]:
            teller.see(**before)

    def report(self, done: int, screen: Screen) -> None:
        if time.monotonic() - self.told < REPORT_SECONDS:
            return
        self.told = time.monotonic()
        self.claim.advance(**counts(done, screen))
        self.teller.see(**progress(self.job))
