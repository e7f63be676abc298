"""From rejected images to a new dataset, with a tiny real training."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from django.core.files.storage import default_storage

from generation import claims, comparisons, gallery, jobs, measures, recovery, refinements, removal, tasks
from generation.models import Dataset, GenerationJob, JobTask
from generation.tasks import finish, handover, measure, train

from .conftest import TINY

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("transactional_db", "valkey")]

REJECTED = {0, 3, 7, 42, 99}


@pytest.fixture(autouse=True)
def short_pilot(monkeypatch):
    monkeypatch.setattr(train, "pilot_seconds", lambda *asked: 0.1)


@pytest.fixture
def trained(alice, drawn_set, run_all):
    """trained(**fields) is a dataset of a hundred images of a generator that was really trained, if not long."""

    def make(count: int = 100, request=TINY, **fields: object) -> Dataset:
        job = jobs.submit(alice, drawn_set(alice), count=count, request=request, seed=7, **fields)
        run_all()
        job.refresh_from_db()
        assert job.state == "succeeded", job.traceback
        return job.dataset

    return make


def refined(dataset: Dataset, rejected: set[int], run_all) -> Dataset:
    job = jobs.refine(dataset, dataset.owner, rejected)
    run_all()
    job.refresh_from_db()
    assert job.state == "succeeded", job.traceback
    return job.dataset


def lines_of(dataset: Dataset) -> list[dict]:
    return gallery.entries(dataset, 0, dataset.count)


def test_rejected_images_are_replaced_and_all_others_stay_as_they_were(trained, run_all):
    dataset = trained()
    after = refined(dataset, REJECTED, run_all)
    before_lines, lines = lines_of(dataset), lines_of(after)
    assert (after.count, after.version, after.name) == (100, 2, dataset.name)
    changed = {n for n in range(100) if lines[n] != before_lines[n]}
    assert changed == REJECTED
    assert {lines[n]["slot"] for n in REJECTED} == set(range(128, 133))
    assert not {line["sha256"] for line in before_lines} & {lines[n]["sha256"] for n in REJECTED}
    for n in (0, 1, 42, 98):
        assert hashlib.sha256(gallery.image_bytes(after, n)).hexdigest() == lines[n]["sha256"]


def test_the_report_says_what_it_was_refined_from(trained, run_all):
    dataset = trained()
    after = refined(dataset, REJECTED, run_all)
    assert after.report["refined"] == {
        "content_hash": dataset.content_hash, "rejected": 5, "replaced": 5, "left_out": 0,
    }  # fmt: skip
    job = after.job
    assert (job.origin, job.parent, job.starts_from) == ("refined", dataset.job, dataset.generator)
    assert job.refinement.before == dataset.report
    assert after.report["screening"]["made"] == 5
    assert set(refinements.line(dataset)) == set(refinements.line(after)) == {dataset, after}


@pytest.mark.parametrize("way", ["equal", "proportion"])
def test_a_new_image_takes_over_the_label_of_the_one_in_whose_place_it_comes(trained, run_all, way):
    dataset = trained(count=90, request=replace(TINY, labels=True), way=way)
    after = refined(dataset, REJECTED - {99}, run_all)
    again = refined(after, {3, 50}, run_all)
    for later in (after, again):
        assert [line["label"] for line in lines_of(later)] == [line["label"] for line in lines_of(dataset)]
        assert later.report["label_counts"] == dataset.report["label_counts"]
        for label in later.labels:
            assert {gallery.entry(later, n)["label"] for n in gallery.places(later, label)} == {label}
    assert len({line["slot"] for line in lines_of(again)}) == 90


def test_a_refinement_that_is_stopped_leaves_out_what_it_did_not_replace(trained, run_all, monkeypatch):
    dataset = trained(count=200, request=replace(TINY, labels=True))
    monkeypatch.setattr(handover, "SHARD", 64)
    job = jobs.refine(dataset, dataset.owner, set(range(0, 200, 2)))
    tasks.run_next("training")
    tasks.run_next("sampling")
    jobs.stop(job)
    recovery.settle()
    run_all()
    job.refresh_from_db()
    after = job.dataset
    assert (job.state, after.count, after.report["refined"]["left_out"]) == ("succeeded", 164, 36)
    assert refinements.dropped(job.refinement) == list(range(128, 200, 2))
    for label in after.labels:
        lines = [line["label"] for line in lines_of(after)]
        assert list(gallery.places(after, label)) == [n for n, name in enumerate(lines) if name == label]


def test_a_worker_that_dies_in_the_middle_changes_nothing(trained, run_all, monkeypatch):
    dataset = trained()
    job = jobs.refine(dataset, dataset.owner, REJECTED)
    with monkeypatch.context() as patch:
        patch.setattr(finish.packing.Packer, "name_parts", lambda self: 1 / 0)
        run_all()
    assert (job.tasks.get(kind="finish").state, Dataset.objects.count()) == ("queued", 1)
    JobTask.objects.update(not_before=None)
    run_all()
    job.refresh_from_db()
    after, seed = lines_of(job.dataset), job.seed
    assert job.state == "succeeded"
    folders = default_storage.listdir("datasets")[0]
    assert sorted(folders) == sorted(str(row.public_id) for row in Dataset.objects.all())
    assert {n for n, line in enumerate(after) if line != lines_of(dataset)[n]} == REJECTED
    assert job.seed == seed


def test_a_worker_that_lost_its_claim_writes_nothing(trained, monkeypatch):
    dataset = trained()
    measures.ask(dataset)
    take = measure.commit

    def taken_away(claim, *args):
        JobTask.objects.filter(pk=claim.task.pk).update(fence=claim.fence + 1)
        take(claim, *args)

    monkeypatch.setattr(measure, "commit", taken_away)
    tasks.run_next("sampling")
    assert measures.of(dataset) is None
    assert not [name for name in default_storage.listdir(f"datasets/{dataset.public_id}")[1] if "measures" in name]


def test_every_image_is_measured(trained, run_all):
    dataset = trained()
    measures.ask(dataset)
    run_all()
    found = measures.of(dataset)
    near = [line["distance"] for line in lines_of(dataset)]
    assert found.values(measures.MEASURES["source"], 0, 100) == pytest.approx(near, abs=1e-4)
    assert found.worst(measures.MEASURES["source"], 0, 1) == [int(np.argmin(near))]
    artefact = measures.MEASURES["artefact"]
    scores = found.values(artefact, 0, 100)
    assert found.worst(artefact) == sorted(range(100), key=lambda n: (-scores[n], n))
    for name, measure_ in measures.MEASURES.items():
        values = found.values(measure_, 0, 100)
        beyond = sum(value > 1.1 if measure_.far else value < 1.1 for value in values)
        assert found.beyond(measure_, 1.1) == [beyond], name
    after = refined(dataset, set(found.worst(artefact, 0, 5)), run_all)
    assert measures.of(after).count == 100
    names = [str(row.after.name) for row in comparisons.by_measures(dataset, after)]
    assert "Artefact score above 1" in names


def test_a_measurement_that_failed_is_asked_for_again_and_the_job_stays_as_it_was(trained, run_all, monkeypatch):
    dataset = trained()
    measures.ask(dataset)
    with monkeypatch.context() as patch:
        patch.setattr(measure, "walk", lambda *args: 1 / 0)
        for _ in range(claims.MAX_FAILURES):
            JobTask.objects.update(not_before=None)
            run_all()
    assert measures.task_of(dataset).state == "failed"
    assert GenerationJob.objects.get().state == "succeeded"
    measures.ask(dataset)
    run_all()
    assert measures.of(dataset) is not None


def test_a_dataset_stays_while_another_is_made_from_it(trained, run_all):
    dataset = trained()
    job = jobs.refine(dataset, dataset.owner, REJECTED)
    with pytest.raises(removal.DatasetKept, match="being made from this one"):
        removal.delete(dataset)
    run_all()
    removal.delete(dataset)
    job.refresh_from_db()
    after = Dataset.objects.get()
    assert after.job == job
    assert hashlib.sha256(gallery.image_bytes(after, 1)).hexdigest() == gallery.entry(after, 1)["sha256"]
