"""A store that is really full: a small file system of its own."""

import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from generation import claims, jobs, leftovers, tasks
from generation.models import Dataset, GenerationJob, JobTask
from generation.tasks import train

from .conftest import TINY

pytestmark = pytest.mark.usefixtures("transactional_db", "valkey")


@pytest.fixture
def small_store(settings, tmp_path) -> Iterator[Callable[[int], Path]]:
    """small_store(megabytes) is where all stored files lie from now on."""
    folder = tmp_path / "small"
    folder.mkdir()

    def mount(megabytes: int) -> Path:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "ganerate-test", str(folder)])
        if done.returncode:
            pytest.skip("Only root can make a small file system: A FULL STORE WAS NOT TRIED")
        default = settings.STORAGES["default"]
        options = default["OPTIONS"] | {"location": folder}
        settings.STORAGES = settings.STORAGES | {"default": default | {"OPTIONS": options}}
        return folder

    yield mount
    subprocess.run(["umount", "--lazy", str(folder)], stderr=subprocess.DEVNULL)


@pytest.fixture(autouse=True)
def short_pilot(monkeypatch):
    monkeypatch.setattr(train, "pilot_seconds", lambda *asked: 0.1)


def fill(folder: Path, leave: int) -> Path:
    filler = folder / f"filler-{uuid.uuid4()}"
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    filler.write_bytes(b"\0" * (free - leave))
    return filler


def run_out(run_all) -> None:
    for _ in range(claims.MAX_FAILURES):
        JobTask.objects.update(not_before=None)
        run_all()


def test_a_store_that_is_full_while_packing_fails_the_job_and_keeps_the_trained_model(
    alice, small_store, drawn_set, run_all
):
    folder = small_store(64)
    job = jobs.submit(alice, drawn_set(alice), count=600, request=TINY, seed=7)
    assert tasks.run_next("training")
    assert tasks.run_next("sampling")
    filler = fill(folder, leave=200_000)
    run_out(run_all)
    job.refresh_from_db()
    assert job.state == "failed", job.traceback
    assert "No space left" in job.traceback
    assert "no room left" in job.reason
    assert "MB are needed" in job.reason
    assert "KB were free" in job.reason
    assert not Dataset.objects.exists()
    assert os.listdir(folder / "datasets") == []
    assert default_storage.exists(job.generator.checkpoint_key)
    goes_on(job, filler, run_all)


def test_a_store_that_is_full_while_sampling_leaves_no_half_a_shard(alice, small_store, drawn_set, run_all):
    folder = small_store(64)
    job = jobs.submit(alice, drawn_set(alice), count=600, request=TINY, seed=7)
    assert tasks.run_next("training")
    filler = fill(folder, leave=200_000)
    run_out(run_all)
    job.refresh_from_db()
    assert (job.state, job.stage) == ("failed", "sampling"), job.traceback
    assert "no room left" in job.reason
    assert "MB are needed" in job.reason
    assert [path for path in (folder / "shards").rglob("*") if path.is_file()] == []
    assert default_storage.exists(job.generator.checkpoint_key)
    made_after_all(job, filler, run_all)


def goes_on(job: GenerationJob, filler: Path, run_all) -> None:
    """Once there is room: the leftovers go, and the images are made from the same model."""
    GenerationJob.objects.update(finished_at=job.finished_at - 2 * leftovers.GRACE)
    assert default_storage.listdir(leftovers.shard_folder(job))[1]
    leftovers.sweep()
    assert not default_storage.exists(leftovers.shard_folder(job))
    made_after_all(job, filler, run_all)


def made_after_all(job: GenerationJob, filler: Path, run_all) -> None:
    filler.unlink()
    again = jobs.more(job.owner, job.generator, count=600)
    run_all()
    again.refresh_from_db()
    assert (again.state, again.dataset.count, again.generator) == ("succeeded", 600, job.generator)
