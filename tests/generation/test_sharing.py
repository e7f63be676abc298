import io
import json
import zipfile
from collections import Counter
from dataclasses import replace

import pytest

from generation import bundles, gallery, jobs, sharing
from generation.forms import JobForm, MoreForm
from generation.models import GenerationJob, Generator, SourceImage

from .conftest import TINY

LABELLED = replace(TINY, labels=True)
COUNTS = {"cat": 70, "dog": 25, "fox": 15}


@pytest.fixture
def labelled(bare_set):
    return lambda owner, counts=COUNTS: bare_set(owner, usable=110, label_counts=counts)


@pytest.fixture
def trained(labelled):
    def make(owner, classes=("cat", "dog", "fox")) -> Generator:
        recipe = {"preset": "quick", "resolution": 28, "fit": "crop", "channels": 1, "classes": list(classes)}
        return Generator.objects.create(
            owner=owner, source_set=labelled(owner), source_fingerprint="f" * 64, size=1, checkpoint_key="x",
            sha256="x", recipe=recipe,
        )  # fmt: skip

    return make


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("way", "kept", "count"), [("equal", "equal", 100), ("proportion", "proportion", 100), ("each", "equal", 300)]
)
def test_a_job_keeps_how_its_images_are_shared_out(alice, labelled, way, kept, count):
    job = jobs.submit(alice, labelled(alice), count=100, request=LABELLED, way=way)
    assert (job.sharing, job.count) == (kept, count)


@pytest.mark.django_db
def test_more_images_are_shared_out_too(alice, trained):
    generator = trained(alice)
    assert jobs.more(alice, generator, count=50, way="each").count == 150
    assert jobs.more(alice, generator, count=50, way="proportion").sharing == "proportion"


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["proportion", "each"])
def test_without_labels_there_is_nothing_to_share_out_among(alice, labelled, trained, way):
    with pytest.raises(jobs.JobRefused) as refused:
        jobs.submit(alice, labelled(alice), count=100, request=TINY, way=way)
    assert "learn the labels" in refused.value.errors["sharing"]
    with pytest.raises(jobs.JobRefused, match="learn the labels"):
        jobs.more(alice, trained(alice, classes=()), count=100, way=way)


@pytest.mark.django_db
def test_so_many_of_each_must_not_be_too_many_in_all(alice, labelled, settings):
    settings.MAX_COUNT = 1000
    with pytest.raises(jobs.JobRefused, match="between 1 and 1,000"):
        jobs.submit(alice, labelled(alice), count=400, request=LABELLED, way="each")


@pytest.mark.django_db
def test_images_outside_the_class_folders_are_a_class_without_a_name(alice, bare_set):
    made = bare_set(alice, usable=120, label_counts=COUNTS)
    assert sharing.counts(made) == COUNTS | {"": 10}
    assert jobs.submit(alice, made, count=10, request=LABELLED, way="each").count == 40


@pytest.mark.django_db
def test_proportions_are_those_of_the_source_images(alice, trained):
    generator = trained(alice)
    job = jobs.more(alice, generator, count=1000, way="proportion")
    assert sharing.of(job, generator) is None  # before it has its slots
    job.first_slot = 64
    shares = sharing.of(job, generator)
    assert shares.counts == (637, 227, 136)
    assert shares.first == 64


@pytest.mark.django_db
def test_the_form_asks_only_where_there_are_labels(alice, labelled, bare_set, trained):
    asked = {"count": 10, "preset": "quick", "resolution": 32, "fit": "crop"}
    form = JobForm(asked | {"labels": "on", "sharing": "each"}, source_set=labelled(alice))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["way"] == "each"
    unlearned = JobForm(asked | {"sharing": "each"}, source_set=labelled(alice))
    assert unlearned.is_valid()
    assert unlearned.cleaned_data["way"] == "equal"
    assert "sharing" not in JobForm(source_set=bare_set(alice)).fields
    assert "sharing" not in MoreForm(generator=trained(alice, classes=())).fields


@pytest.mark.django_db
def test_a_way_that_there_is_not_is_refused_with_those_there_are(alice, labelled):
    asked = {"count": 10, "preset": "quick", "resolution": 32, "fit": "crop", "labels": "on", "sharing": "random"}
    form = JobForm(asked, source_set=labelled(alice))
    assert not form.is_valid()
    assert "equal, proportion, each" in form.errors["sharing"][0]


@pytest.mark.usefixtures("transactional_db", "valkey")
def test_a_dataset_in_proportion(alice, drawn_set, run_all):
    source_set = drawn_set(alice, 60)
    merge(source_set)
    job = jobs.submit(alice, source_set, count=70, request=LABELLED, seed=7, way="proportion")
    run_all()
    job.refresh_from_db()
    assert job.state == "succeeded", job.traceback
    expected = dict(zip(job.dataset.labels, sharing.of(job, job.generator).counts, strict=True))
    assert max(expected.values()) == 70 * max(source_set.label_counts.values()) / 60
    assert job.dataset.report["label_counts"] == expected
    check_bundle(job, expected)
    for label, count in expected.items():
        numbers = gallery.places(job.dataset, label)
        assert len(numbers) == count
        assert {gallery.entry(job.dataset, number)["label"] for number in numbers} == {label}


def merge(source_set) -> None:
    """Three of the six labels become one, so that it has half of the images."""
    first, *others = sorted(source_set.label_counts)[:3]
    SourceImage.objects.filter(source_set=source_set, label__in=others).update(label=first)
    source_set.label_counts = Counter(SourceImage.objects.values_list("label", flat=True))
    source_set.save()


def check_bundle(job: GenerationJob, expected: dict[str, int]) -> None:
    (bundle,) = bundles.owner_bundles(job.dataset)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(bundles.chunks(bundle.segments[0]))))
    assert archive.testzip() is None
    lines = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
    assert Counter(line["label"] for line in lines) == expected
    assert all(line["file"].startswith(f"images/{line['label']}/") and archive.read(line["file"]) for line in lines)
    assert json.loads(archive.read("quality.json"))["label_counts"] == expected


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"labels": True, "sharing": "random"}, "equal, proportion, each"),
        ({"labels": True, "sharing": None}, "equal, proportion, each"),
        ({"labels": False, "sharing": "each"}, "learn the labels"),
    ],
)
def test_the_api_says_what_is_allowed(alice, api, labelled, fields, words):
    asked = {"source_set": str(labelled(alice).public_id), "count": 20, "preset": "quick", "resolution": 28}
    answer = api(alice).post("/api/v1/jobs/", asked | fields)
    assert answer.status_code == 400
    assert words in str(answer.json()["errors"]["sharing"])


def test_the_api_shares_out(alice, api, labelled):
    asked = {"source_set": str(labelled(alice).public_id), "count": 20, "preset": "quick", "resolution": 28}
    answer = api(alice).post("/api/v1/jobs/", asked | {"labels": True, "sharing": "each"})
    assert (answer.status_code, answer.json()["count"], answer.json()["sharing"]) == (201, 60, "equal")
    guess = api(alice).post("/api/v1/jobs/estimate/", asked | {"labels": True, "sharing": "each"})
    plain = api(alice).post("/api/v1/jobs/estimate/", asked)
    assert guess.json()["bytes"][0] == pytest.approx(3 * plain.json()["bytes"][0])
