"""The task `finish`: from shards to a dataset."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from generation import claims, endings, events, leftovers, measures, refinements, tickets
from generation.claims import Claim
from generation.heartbeats import Heartbeat
from generation.models import Dataset, DatasetFile, GenerationJob, JobTask

from . import evaluating, packing, refining, sample, shards
from .endings_of_work import Cancelled
from .reporting import Teller
from .screening import Screen
from .shards import Shard
from .twins import without_twins
from .watching import Watch

logger = logging.getLogger(__name__)

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
    try:
        gather(claim, job, alive)
    except shards.Damaged as damaged:
        logger.warning("%s: it is made again", damaged)
        alive.heard.set()
        make_again(claim, job, damaged.shard)


def make_again(claim: Claim, job: GenerationJob, shard: JobTask) -> None:
    """By whichever worker comes first; the last shard of a job calls for its end again."""
    damaged = shard.output.get("damaged", 0) + 1
    if damaged > claims.MAX_FAILURES:
        raise OSError(f"{shard} is damaged each time that it is made")
    with transaction.atomic():
        claim.hold()
        made = JobTask.objects.filter(pk=shard.pk, fence=shard.fence, state=JobTask.State.DONE)
        if made.update(state=JobTask.State.QUEUED, output={"damaged": damaged}, output_key="", sha256=""):
            sample.count(job, -1, shard.output)
            tickets.put(shard)
        events.record(job, "stage", {}, stage=Stage.SAMPLING)
        claim.held.delete()
    leftovers.remove_file(shard.output_key)


def gather(claim: Claim, job: GenerationJob, alive: Heartbeat) -> None:
    watch = Watch(claim, job, alive)
    watch.check()
    done = shards.done(job)
    images = refining.whole(job, done)
    result = Result(uuid.uuid4(), sum(stretch.count for stretch in images), {}, [])
    leftovers.remove_unfinished(claim.task)
    claim.advance(unfinished=result.folder)
    try:
        with Teller(job) as teller:
            fill(result, job, watch, done, images, teller)
        commit(claim, job, result)
    except BaseException:
        leftovers.remove_unfinished(claim.task)
        raise
    alive.heard.set()
    leftovers.remove(job)


def fill(
    result: Result, job: GenerationJob, watch: Watch, done: list[JobTask], images: Sequence[Shard], teller: Teller
) -> None:
    teller.enter(Stage.SCREENING)
    screen = Screen.of(job, watch.check)
    replaced = without_twins(done, screen, watch, teller.see, refining.hashes(job, watch))
    teller.enter(Stage.EVALUATING)
    result.report, sheet = evaluating.evaluate(images, replaced, screen, watch)
    result.report |= origin(job)
    teller.enter(Stage.PACKING)
    packer = packing.Packer(job, result.folder, result.public_id, watch, teller.see)
    result.files = packer.pack(images, replaced, result.report, sheet)


def origin(job: GenerationJob) -> dict[str, Any]:
    """Of a job that went on with the training of another: which, and from where; of a refined dataset, from which."""
    told = job.events.filter(kind="resumed", payload__data__has_key="parent").first()
    if (refinement := refinements.of(job)) is not None:
        return {"refined": refining.told(refinement)}
    if told is None:
        return {}
    return {"resumed": {name: told.payload["data"][name] for name in ("parent", "kimg")}}


def commit(claim: Claim, job: GenerationJob, result: Result) -> None:
    with transaction.atomic():
        claim.finish()
        refuse_discarded(job)
        dataset = save(job, result)
        data = {"dataset": str(dataset.public_id), "count": dataset.count}
        endings.succeed(job, data)
        measure_again(job, dataset)


def measure_again(job: GenerationJob, dataset: Dataset) -> None:
    """As the dataset refined was, so that both can be compared by what was rejected for."""
    refinement = refinements.of(job)
    if refinement and refinement.dataset and measures.of(refinement.dataset):
        measures.ask(dataset)


def refuse_discarded(job: GenerationJob) -> None:
    """Whoever was told that it is being cancelled gets no dataset, however late that was."""
    now = GenerationJob.objects.select_for_update().get(pk=job.pk)
    if now.stop_intent == GenerationJob.StopIntent.DISCARD:
        raise Cancelled


def save(job: GenerationJob, result: Result) -> Dataset:
    generator = job.generator
    assert generator is not None
    assert job.first_slot is not None
    refinement = refinements.of(job)
    refined = refinement.dataset if refinement else None
    dataset = Dataset.objects.create(
        public_id=result.public_id,
        owner_id=job.owner_id,
        job=job,
        generator=generator,
        name=refined.name if refined else job.source_set.name,
        version=refinements.next_version(refined) if refined else 1,
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
