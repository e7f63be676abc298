"""The task `finish`: from shards to a dataset."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from generation import endings, events, leftovers
from generation.claims import Claim
from generation.heartbeats import Heartbeat
from generation.models import Dataset, DatasetFile, GenerationJob, JobTask

from . import evaluating, packing, shards
from .screening import Screen
from .twins import Replaced, without_twins
from .watching import Watch

Stage = GenerationJob.Stage


@dataclass
class Result:
    """What became of the shards; `folder` holds this attempt's files alone."""

    public_id: uuid.UUID
    count: int
    report: dict[str, Any]
    files: list[DatasetFile]

    @property
    def folder(self) -> str:
        return f"datasets/{self.public_id}"


def run(claim: Claim, alive: Heartbeat) -> None:
    job = claim.task.job
    assert job is not None
    watch = Watch(claim, job, alive)
    watch.check()
    done = shards.done(job)
    result = Result(uuid.uuid4(), sum(shard.count for shard in done), {}, [])
    try:
        fill(result, job, watch, done)
        commit(claim, job, result)
    except BaseException:
        leftovers.remove_folder(result.folder)
        raise
    leftovers.remove(job)


def fill(result: Result, job: GenerationJob, watch: Watch, done: list[JobTask]) -> None:
    events.record(job, "stage", {}, stage=Stage.SCREENING)
    screen = Screen.of(job, watch.check)
    replaced = without_twins(done, screen, watch)
    events.record(job, "stage", {}, stage=Stage.EVALUATING)
    result.report, sheet = evaluating.evaluate(done, replaced, screen, watch)
    events.record(job, "stage", {}, stage=Stage.PACKING)
    result.files = pack(result, job, watch, done, replaced, sheet)


def pack(
    result: Result, job: GenerationJob, watch: Watch, done: list[JobTask], replaced: Replaced, sheet: bytes
) -> list[DatasetFile]:
    packer = packing.Packer(job, result.folder, result.public_id, watch)
    return packer.pack(done, replaced, result.report, sheet)


def commit(claim: Claim, job: GenerationJob, result: Result) -> None:
    with transaction.atomic():
        claim.finish()
        dataset = save(job, result)
        data = {"dataset": str(dataset.public_id), "count": dataset.count}
        endings.succeed(job, data)


def save(job: GenerationJob, result: Result) -> Dataset:
    generator = job.generator
    assert generator is not None
    assert job.first_slot is not None
    dataset = Dataset.objects.create(
        public_id=result.public_id,
        owner_id=job.owner_id,
        job=job,
        generator=generator,
        name=job.source_set.name,
        count=result.count,
        first_slot=job.first_slot,
        resolution=generator.recipe["resolution"],
        channels=generator.recipe["channels"],
        labels=generator.recipe["classes"],
        size=sum(file.size for file in result.files if file.kind == DatasetFile.Kind.BUNDLE),
        content_hash=packing.content_hash(result.files),
        report=result.report,
    )
    for file in result.files:
        file.dataset = dataset
    DatasetFile.objects.bulk_create(result.files)
    return dataset
