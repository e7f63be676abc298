import hashlib
import io
import threading
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import connection

from generation import bundles, claims, gallery, jobs, tasks
from generation.engine import sampling
from generation.models import Dataset, GenerationJob, Generator, JobTask
from generation.tasks import handover, reporting, sample, screening, threads, train
from generation.tasks.endings_of_work import OtherMachine

from .conftest import TINY

pytestmark = pytest.mark.usefixtures("transactional_db", "valkey")


@pytest.fixture(autouse=True)
def short_pilot(monkeypatch):
    monkeypatch.setattr(train, "pilot_seconds", lambda *asked: 0.1)


def bundle_of(dataset: Dataset) -> zipfile.ZipFile:
    (bundle,) = bundles.owner_bundles(dataset)
    return zipfile.ZipFile(io.BytesIO(b"".join(bundles.chunks(bundle.segments[0]))))


def stored(folder: str) -> list[str]:
    try:
        return default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return []


def test_a_job_becomes_a_dataset(alice, drawn_set, run_all):
    job = jobs.submit(alice, drawn_set(alice), count=100, request=TINY, seed=7)
    assert run_all() == ["train", "sample", "finish"]
    job.refresh_from_db()
    assert (job.state, job.reason, job.traceback) == ("succeeded", "", "")
    dataset = job.dataset
    assert (dataset.count, dataset.resolution, dataset.channels, dataset.owner) == (100, 28, 3, alice)
    archive = bundle_of(dataset)
    assert archive.testzip() is None
    assert len({archive.read(f"images/{n:08d}.png") for n in range(100)}) == 100
    check_story(job)
    check_report(dataset)
    check_leftovers(job)


def check_story(job: GenerationJob) -> None:
    kinds = [event.kind for event in job.events.all()]
    assert [kind for kind in kinds if kind not in ("progress", "preview", "note")] == [
        "submitted", "claimed", "resolved", "stage", "stage", "stage", "stage", "stage", "succeeded",
    ]  # fmt: skip
    assert [event.number for event in job.events.all()] == list(range(1, job.last_event + 1))
    last = job.events.filter(kind="progress", payload__stage="training").last().payload["data"]
    assert (last["fraction"], last["kimg"], last["total_kimg"]) == (1.0, 0.32, 0.32)
    assert (job.resolved["seed"], job.resolved["preset"]) == (7, "quick")
    assert job.resolved["pilot"]["images_per_second"] > 0
    preview = job.events.filter(kind="preview").last().payload["data"]
    assert preview["image"].startswith(f"/studio/jobs/{job.public_id}/previews/")


def check_report(dataset: Dataset) -> None:
    assert dataset.report["images"] == 100
    assert {"likeness", "copies", "duplicates", "screening", "environment"} <= set(dataset.report)
    assert gallery.contact_sheet(dataset).startswith(b"\x89PNG")


def check_leftovers(job: GenerationJob) -> None:
    assert stored(f"shards/{job.public_id}") == stored(f"jobs/{job.public_id}/checkpoints") == []
    generator = job.generator
    assert hashlib.sha256(default_storage.open(generator.checkpoint_key).read()).hexdigest() == generator.sha256


def sampled_again(generator: Generator, run_all) -> Dataset:
    """The same slots of the same generator, sampled by a new job."""
    Generator.objects.update(next_slot=0)
    job = jobs.more(generator.owner, generator, count=150, seed=7)
    run_all()
    job.refresh_from_db()
    assert job.state == "succeeded", job.traceback
    return job.dataset


def test_the_bytes_do_not_depend_on_how_slots_are_shared_out(alice, drawn_set, run_all, monkeypatch):
    job = jobs.submit(alice, drawn_set(alice), count=150, request=TINY, seed=7)
    run_all()
    job.refresh_from_db()
    monkeypatch.setattr(handover, "SHARD", 64)
    again = sampled_again(job.generator, run_all)
    assert again.job.tasks.filter(kind="sample").count() == 3
    hashes = [dataset.files.get(kind="manifest").sha256 for dataset in (job.dataset, again)]
    assert hashes[0] == hashes[1]


def test_two_jobs_of_a_generator_share_no_slot(alice, drawn_set, run_all):
    first = jobs.submit(alice, drawn_set(alice), count=70, request=TINY, seed=7)
    run_all()
    first.refresh_from_db()
    second = jobs.more(alice, first.generator, count=10, parent=first)
    run_all()
    second.refresh_from_db()
    assert (first.first_slot, second.first_slot) == (0, 128)
    assert second.generator == first.generator


def reject(monkeypatch, rule) -> None:
    """Screening that rejects what `rule(distances)` says."""
    monkeypatch.setattr(screening.CopyDetector, "is_copy", lambda self, distances: rule(distances))


def test_a_rejected_slot_takes_its_next_attempt(alice, drawn_set, run_all, monkeypatch):
    rounds = []

    def first_round_only(distances):
        rounds.append(len(distances))
        return np.full(len(distances), len(rounds) == 1)

    reject(monkeypatch, first_round_only)
    job = jobs.submit(alice, drawn_set(alice), count=10, request=TINY, seed=7)
    run_all()
    job.refresh_from_db()
    assert {entry["attempt"] for entry in gallery.entries(job.dataset, 0, 10)} == {1}
    assert job.dataset.report["screening"] == {"made": 10, "rejected": 10, "rate": 1.0}


def test_a_job_whose_images_are_all_copies_says_how_many_were_possible(alice, drawn_set, run_all, monkeypatch):
    reject(monkeypatch, lambda distances: np.ones(len(distances), dtype=bool))
    job = jobs.submit(alice, drawn_set(alice), count=10, request=TINY, seed=7)
    run_all()
    job.refresh_from_db()
    assert job.state == "failed"
    assert "Only about 0 of the 10 images are possible: after 16 attempts" in job.reason


def test_a_few_slots_that_are_rejected_often_do_not_fail_the_job(alice, drawn_set, run_all, monkeypatch):
    rounds = []

    def four_of_ten_sixty_times(distances):
        rounds.append(len(distances))
        passing = 6 if len(rounds) == 1 else 0
        return (np.arange(len(distances)) >= passing) & (len(rounds) <= 60)

    reject(monkeypatch, four_of_ten_sixty_times)
    job = jobs.submit(alice, drawn_set(alice), count=10, request=TINY, seed=7)
    run_all()
    job.refresh_from_db()
    assert job.state == "succeeded", job.reason
    assert [entry["attempt"] for entry in gallery.entries(job.dataset, 0, 10)] == 6 * [0] + 4 * [60]


def test_identical_images_are_made_again_and_the_lowest_slot_keeps_its_own(alice, drawn_set, run_all, monkeypatch):
    seed_of = sampling.image_seed
    twin = lambda sha256, seed, slot, attempt: seed_of(sha256, seed, 3 if (slot, attempt) == (70, 0) else slot, attempt)  # noqa: E731
    monkeypatch.setattr(sampling, "image_seed", twin)
    monkeypatch.setattr(screening.Sampler, "_pixels", without_place(screening.Sampler._pixels))
    monkeypatch.setattr(handover, "SHARD", 64)
    job = jobs.submit(alice, drawn_set(alice), count=100, request=TINY, seed=7)
    run_all()
    job.refresh_from_db()
    assert job.state == "succeeded", job.traceback
    entries = gallery.entries(job.dataset, 0, 100)
    assert (entries[3]["attempt"], entries[70]["attempt"]) == (0, 1)
    assert len({entry["sha256"] for entry in entries}) == 100


def without_place(pixels):
    """Equal latents give equal pixels wherever they stand in a block; the network alone promises it for one place."""

    def run(self, latents, numbers):
        made = pixels(self, latents, numbers)
        made[:] = (latents.view(np.uint32).sum(axis=1) % 251).astype(np.uint8)[:, None, None, None]
        made[:, 0] = latents.view(np.uint8)[:, : made.shape[2], None]
        return made

    return run


def while_training(job: GenerationJob, act) -> None:
    """Runs the training, and `act` on the job once it has shown progress."""

    def wait_and_act() -> None:
        try:
            while not job.events.filter(kind="progress").exists():
                time.sleep(0.05)
            act(job)
        finally:
            connection.close()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    tasks.run_next("training")
    thread.join()
    job.refresh_from_db()


LONG = replace(TINY, kimg=10_000.0)


def test_a_running_job_is_cancelled_within_seconds(alice, drawn_set):
    job = jobs.submit(alice, drawn_set(alice), count=10, request=LONG, seed=7)
    while_training(job, jobs.cancel)
    assert job.state == "cancelled"
    assert [event.kind for event in job.events.all()][-2:] == ["stopping", "cancelled"]
    assert JobTask.objects.get().state == "cancelled"


def test_stopping_keeps_the_best_and_makes_the_images(alice, drawn_set, run_all, monkeypatch):
    monkeypatch.setattr(train, "CHECKPOINT_SECONDS", 0.1)
    job = jobs.submit(alice, drawn_set(alice), count=10, request=LONG, seed=7)
    while_training(job, jobs.stop)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.dataset.count) == ("succeeded", 10)
    assert 0 < job.generator.metrics["kimg"] < 10_000


def test_a_second_attempt_goes_on_from_the_checkpoint(alice, drawn_set, run_all, monkeypatch):
    job = jobs.submit(alice, drawn_set(alice), count=10, request=TINY, seed=7)
    fail = monkeypatch.context()
    with fail as patch:
        patch.setattr(handover, "hand_over", lambda *args: 1 / 0)
        run_all()
    task = job.tasks.get()
    assert (task.state, task.attempt) == ("queued", 1)
    assert "ZeroDivisionError" in task.last_error
    JobTask.objects.update(not_before=None)
    run_all()
    job.refresh_from_db()
    resumed = job.events.get(kind="resumed").payload["data"]
    assert (job.state, resumed["kimg"], resumed["attempt"]) == ("succeeded", 0.32, 2)


def test_the_recipe_is_resolved_once(alice, drawn_set, run_all, monkeypatch):
    jobs.submit(alice, drawn_set(alice), count=10, request=TINY, seed=7)
    with monkeypatch.context() as patch:
        patch.setattr(handover, "hand_over", lambda *args: 1 / 0)
        run_all()
    before = GenerationJob.objects.get().resolved
    monkeypatch.setattr(train, "piloted", lambda *args: pytest.fail("a second pilot"))
    JobTask.objects.update(not_before=None)
    run_all()
    assert GenerationJob.objects.get().resolved == before


def test_a_full_disk_is_told_as_such(alice, drawn_set, run_all, monkeypatch):
    job = jobs.submit(alice, drawn_set(alice), count=10, request=TINY, seed=7)
    monkeypatch.setattr(train.sources, "load", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left")))
    for _ in range(claims.MAX_FAILURES):
        JobTask.objects.update(not_before=None)
        run_all()
    job.refresh_from_db()
    assert job.state == "failed"
    assert "no room left" in job.reason
    assert "OSError" in job.traceback


def test_reasons_are_written_in_the_owners_language(alice, job_of, run_all, monkeypatch):
    seen = []
    alice.language = "ko"
    alice.save()
    job_of(alice)
    from django.utils import translation

    monkeypatch.setattr(tasks, "do", lambda claim, alive: seen.append(translation.get_language()))
    tasks.run_next("training")
    assert seen == ["ko"]


def test_a_long_run_tells_no_more_than_a_short_one(monkeypatch):
    clock = iter(range(0, 10**7, 3))
    monkeypatch.setattr(reporting.time, "monotonic", lambda: next(clock))
    steps = [n / 100_000 for n in range(100_001)]
    spacing = reporting.Spacing(reporting.MAX_EVENTS)
    assert sum(spacing.due(fraction) for fraction in steps) <= reporting.MAX_EVENTS + 1
    previews = reporting.Spacing(reporting.MAX_PREVIEWS, power=2)
    shown = [fraction for fraction in steps if previews.due(fraction)]
    assert len(shown) <= reporting.MAX_PREVIEWS + 1
    assert sum(fraction < 0.25 for fraction in shown) > 0.45 * len(shown)


@pytest.mark.parametrize(("with_two", "chosen"), [(160.0, (2, 160.0)), (110.0, (1, 100.0)), (20.0, (1, 100.0))])
def test_more_threads_must_be_worth_it(monkeypatch, with_two, chosen):
    monkeypatch.setattr(threads, "MOST", 2)
    assert threads.fastest(lambda count: with_two if count == 2 else 100.0) == chosen


def test_the_number_of_threads_belongs_to_the_recipe(alice, drawn_set, run_all):
    job = jobs.submit(alice, drawn_set(alice), count=64, request=TINY, seed=7)
    run_all()
    job.refresh_from_db()
    assert job.resolved["threads"] == 1


@pytest.mark.slow
def test_a_training_is_shared_by_as_many_processes_as_the_settings_ask_for(alice, drawn_set, run_all, settings):
    settings.TRAINING_PROCESSES = 2
    job = jobs.submit(alice, drawn_set(alice), count=10, request=TINY, seed=7)
    run_all()
    job.refresh_from_db()
    assert job.state == "succeeded", job.traceback
    assert job.generator.metrics["kimg"] == pytest.approx(0.32)
    assert job.events.filter(kind="preview").exists()


def test_the_second_worker_reads_what_the_first_worked_out_of_the_sources(alice, drawn_set, run_all, monkeypatch):
    job = jobs.submit(alice, drawn_set(alice), count=10, request=TINY, seed=7)
    run_all()
    job.refresh_from_db()
    screening.KEPT.clear()
    monkeypatch.setattr(screening.CopyDetector, "fit", lambda *images: pytest.fail("fitted again"))
    again = screening.Ground.of(job, job.generator, lambda: None)
    assert again.detector.calibration == job.dataset.report["copies"]["calibration"]


def test_a_worker_of_another_kind_leaves_a_half_made_set_to_the_others(alice, job_of):
    job = job_of(alice)
    claims.add_shards(job, 128, 64)
    first, second = (claims.claim("sampling", name) for name in ("avx512", "avx2"))
    first.finish(output={"environment": {"instruction_set": "AVX512"}})
    with pytest.raises(OtherMachine):
        sample.refuse_other_kind_of_machine(job, {"instruction_set": "AVX2"})
    tasks.end(second, OtherMachine("AVX2 is not AVX512"))
    second.task.refresh_from_db()
    assert (second.task.state, second.task.output["disturbances"]) == ("queued", 1)
    assert sample.refuse_other_kind_of_machine(job, {"instruction_set": "AVX512"}) is None


def test_a_shard_that_is_not_as_it_was_made_is_made_again(alice, drawn_set, run_all, monkeypatch):
    monkeypatch.setattr(handover, "SHARD", 64)
    job = jobs.submit(alice, drawn_set(alice), count=100, request=TINY, seed=7)
    assert [tasks.run_next(queue) for queue in ("training", "sampling", "sampling")] == [True] * 3
    first, second = job.tasks.filter(kind="sample").order_by("first")
    content = bytearray(default_storage.open(first.output_key).read())
    content[100] ^= 1
    default_storage.save(first.output_key, io.BytesIO(content))
    default_storage.delete(second.output_key)
    run_all()
    job.refresh_from_db()
    assert job.state == "succeeded", job.traceback
    assert list(job.tasks.filter(kind="sample").values_list("attempt", flat=True)) == [2, 2]
    assert (job.images_done, job.dataset.count) == (100, 100)
    assert sum(name.startswith("images/") for name in bundle_of(job.dataset).namelist()) == 100
