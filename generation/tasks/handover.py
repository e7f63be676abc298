"""From a trained network to a generator with slots of its own, and the shards of the job that asked for it."""

import hashlib
import tempfile
import uuid
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from generation import claims, events, leftovers, notes, refinements
from generation.claims import Claim
from generation.engine.checkpoints import Checkpoint, CheckpointError
from generation.engine.training import Progress
from generation.models import GenerationJob, Generator

from .endings_of_work import Impossible

# Whole blocks of the sampler.
SHARD = 4096


def load(key: str) -> Checkpoint:
    folder = settings.VAR_DIR / "tmp"
    folder.mkdir(exist_ok=True)
    with default_storage.open(key) as stored, tempfile.NamedTemporaryFile(dir=folder, suffix=".pt") as file:
        for chunk in stored.chunks(1 << 20):
            file.write(chunk)
        file.flush()
        try:
            return Checkpoint.load(file.name)
        except CheckpointError as error:
            raise Impossible(_("The stored checkpoint is damaged. Please start the job again.")) from error


def hand_over(claim: Claim, job: GenerationJob, checkpoint: Checkpoint, last: Progress) -> None:
    """Of the generator that `checkpoint` prefers: its best snapshot where it has one, else the newest."""
    delivered = checkpoint.generator_only()
    content = delivered.to_bytes()
    public_id = uuid.uuid4()
    key, digest = f"generators/{public_id}.pt", hashlib.sha256(content).hexdigest()
    leftovers.remove_unfinished(claim.task)
    claim.advance(unfinished=key)
    try:
        default_storage.save(key, ContentFile(content))
        with transaction.atomic():
            claim.finish(output_key=key, sha256=digest)
            generator = Generator.objects.create(
                public_id=public_id,
                owner_id=job.owner_id,
                source_set_id=job.source_set_id,
                source_fingerprint=job.source_set.fingerprint,
                recipe=checkpoint.recipe.to_dict(),
                checkpoint_key=key,
                sha256=digest,
                size=len(content),
                metrics=metrics(checkpoint, last) | {"best_kimg": delivered.kimg},
            )
            GenerationJob.objects.filter(pk=job.pk).update(reason=notes.reason(job))
            share_out(job, generator)
    except BaseException:
        leftovers.remove_unfinished(claim.task)
        raise


def reuse(claim: Claim, job: GenerationJob, generator: Generator) -> None:
    """More images of a generator that exists: nothing is trained."""
    with transaction.atomic():
        claim.finish(output_key=generator.checkpoint_key, sha256=generator.sha256)
        GenerationJob.objects.filter(pk=job.pk, resolved__isnull=True).update(resolved=generator.recipe)
        share_out(job, generator)


def share_out(job: GenerationJob, generator: Generator) -> None:
    count = refinements.new_images(job)
    first = generator.reserve_slots(count)
    GenerationJob.objects.filter(pk=job.pk).update(generator=generator, first_slot=first)
    claims.add_shards(job, count, SHARD)
    events.record(job, "stage", {"generator": str(generator.public_id)}, stage=GenerationJob.Stage.SAMPLING)


def metrics(checkpoint: Checkpoint, last: Progress) -> dict[str, Any]:
    return {
        "kimg": checkpoint.kimg,
        "seconds": round(last.seconds, 1),
        "images_per_second": round(last.images_per_second, 1),
        "environment": dict(checkpoint.environment),
    }
