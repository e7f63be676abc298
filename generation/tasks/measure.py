"""The task `measure`: every image of a dataset beside the real ones and beside the others, for curation."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import numpy as np
import numpy.typing as npt
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from generation import bundles, gallery, jobs, leftovers
from generation.claims import Claim
from generation.engine.metrics import alike
from generation.engine.metrics.artefacts import Artefacts, Seen, see
from generation.engine.metrics.encoder import EMBEDDED
from generation.engine.metrics.similar import usual_reach
from generation.engine.pictures import Pixels
from generation.engine.workers import cores, in_order, one_thread
from generation.heartbeats import Heartbeat
from generation.models import Dataset, DatasetFile

from . import shards, sources
from .watching import Watch

BLOCK = 512
TELL_EVERY = 8 * BLOCK
# Real images that tell how near two of them usually come to each other.
COMPARED = 2_000
LEAST_REACH = 1e-3
Floats = npt.NDArray[np.float32]


def run(claim: Claim, alive: Heartbeat) -> None:
    job = claim.task.job
    assert job is not None
    dataset = Dataset.objects.select_related("generator__source_set").filter(job=job).first()
    if dataset is None:
        # It was deleted meanwhile.
        claim.complete()
        return
    watch = Watch(claim, job, alive)
    watch.check()
    with rows_on_disk(dataset.count) as rows, shards.temporary() as file:
        columns = [*measured(dataset, seen(real_pixels(dataset, watch)), rows, watch)]
        for column in columns:
            file.write(np.ascontiguousarray(column).tobytes())
        commit(claim, dataset, file)


def real_pixels(dataset: Dataset, watch: Watch) -> Pixels:
    request = jobs.request_of(dataset.generator)
    return sources.load(dataset.generator.source_set, request, watch.check).pixels


@contextmanager
def rows_on_disk(count: int) -> Iterator[npt.NDArray[np.float16]]:
    """Rows of the encoder for a million images take 256 MB: too much for memory that must not grow."""
    with shards.temporary() as file:
        file.truncate(2 * count * EMBEDDED)
        yield np.memmap(file, dtype=np.float16, mode="r+", shape=(count, EMBEDDED))


def seen(pixels: Pixels) -> Seen:
    blocks = (pixels[first : first + BLOCK] for first in range(0, len(pixels), BLOCK))
    shown, described = zip(*in_order(see_alone, blocks, cores()), strict=True)
    return np.concatenate(shown), np.concatenate(described)


def see_alone(pixels: Pixels) -> Seen:
    with one_thread():
        return see(pixels)


def measured(dataset: Dataset, real: Seen, rows: npt.NDArray[np.float16], watch: Watch) -> Iterator[np.ndarray]:
    """The columns of the file (see measures.py)."""
    near, broken = walk(dataset, Artefacts.fit(real), rows, watch)
    apart, twins = alike.earlier(rows, watch.check)
    some = real[0][np.random.default_rng(0).permutation(len(real[0]))[:COMPARED]]
    apart /= max(LEAST_REACH, usual_reach(some))
    for values, suspicion in ((near, near), (apart, apart), (broken, -broken)):
        order = np.argsort(suspicion, kind="stable")
        yield values.astype("<f4")
        yield order.astype("<u4")
        yield values[order].astype("<f4")
    yield twins.astype("<u4")


def walk(dataset: Dataset, artefacts: Artefacts, rows: npt.NDArray[np.float16], watch: Watch) -> tuple[Floats, Floats]:
    """Distances to the nearest source image and artefact scores; fills `rows`."""
    near, broken = np.empty(dataset.count, np.float32), np.empty(dataset.count, np.float32)
    firsts = range(0, dataset.count, BLOCK)
    for first, found in zip(firsts, in_order(see_alone, blocks(dataset, near, watch), cores()), strict=True):
        broken[first : first + len(found[0])] = artefacts.score(found)
        rows[first : first + len(found[0])] = found[0]
    return near, broken


def blocks(dataset: Dataset, near: Floats, watch: Watch) -> Iterator[Pixels]:
    for first in range(0, dataset.count, BLOCK):
        watch.check()
        if first % TELL_EVERY == 0:
            watch.claim.advance(done=first)
        lines = gallery.entries(dataset, first, BLOCK)
        near[first : first + len(lines)] = [line["distance"] for line in lines]
        pngs = gallery.images(dataset, first, BLOCK)
        yield np.stack([shards.pixels_of(png, dataset.channels) for png in pngs])


def commit(claim: Claim, dataset: Dataset, file: IO[bytes]) -> None:
    """Under a key of this attempt; what an attempt left behind that was killed right here goes with its successor."""
    default_storage.delete(key(dataset, claim.fence - 1))
    digest, size = bundles.digest_of(file), file.seek(0, 2)
    stored = key(dataset, claim.fence)
    default_storage.save(stored, File(file))
    try:
        with transaction.atomic():
            claim.finish(output_key=stored, output={"done": dataset.count})
            # It may be deleted at the same time.
            Dataset.objects.select_for_update().get(pk=dataset.pk)
            DatasetFile.objects.create(
                dataset=dataset,
                kind=DatasetFile.Kind.MEASURES,
                name="measures.bin",
                key=stored,
                size=size,
                sha256=digest,
            )
    except BaseException:
        leftovers.remove_uncommitted(claim.task, stored)
        raise


def key(dataset: Dataset, fence: int) -> str:
    return f"datasets/{dataset.public_id}/measures-{fence}.bin"
