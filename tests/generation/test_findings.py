"""A quality report in sentences, and its closest pairs beside their sources."""

import pytest

from generation import findings, nearest
from generation.models import SourceImage

REPORT = {
    "images": 300,
    "likeness": {"compared_with": "holdout", "n": 250, "swd": {"avg": 30.0}, "swd_floor": {"avg": 20.0}},
    "two_sample": {"compared_with": "holdout", "n": 250, "value": 0.78, "low": 0.74, "high": 0.82, "floor": 0.51},
    "kid": {"compared_with": "holdout", "n": 250, "value": 0.199, "low": 0.1499, "high": 0.25, "floor": 0.0068},
    "diversity": {
        "compared_with": "holdout", "n": 250, "recall": 0.3, "recall_of_real": 0.77, "coverage": 0.638,
        "coverage_of_real": 0.97,
    },
    "similar": {"compared_with": "holdout", "n": 250, "rate": 0.014, "rate_of_real": 0.01},
    "copies": {"found": 0, "threshold": 1.0, "calibration": "holdout", "twins": 0.03, "c_t": -0.4, "nearest": []},
    "duplicates": {"identical": 0},
    "screening": {"made": 5000, "rejected": 12, "rate": 0.0024},
    "usefulness": {
        "compared_with": "holdout", "n": 125, "tested_on": 125, "value": 0.81, "low": 0.77, "high": 0.85,
        "of_real": 0.88,
    },
}  # fmt: skip
SENTENCES = {
    findings.two_sample: ("78 %", ["At 50% it can only guess", "51 %", "95% interval: 74 % to 82 %", "250 images"]),
    findings.kid: ("0.199", ["score 0.007", "0.150 to 0.250", "never saw"]),
    findings.coverage: ("64 %", ["97 %", "250 images"]),
    findings.recall: ("30 %", ["77 %"]),
    findings.similar: ("1.4 %", ["it is 1.0 %", "only identical images are dropped"]),
    findings.before_screening: ("0.2 %", ["12 of 5,000 images"]),
    findings.c_t: ("-0.4", ["as far from the training images", "Under −3"]),
    findings.usefulness: ("81 %", ["125 real images", "from 125 generated ones", "88 %"]),
}


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("find", SENTENCES, ids=lambda find: find.__name__)
def test_each_figure_says_what_it_means_and_of_how_many(find):
    value, parts = SENTENCES[find]
    finding = find(REPORT)
    assert plain(finding.value) == value
    for part in parts:
        assert part in plain(finding.meaning)


@pytest.mark.parametrize("find", SENTENCES, ids=lambda find: find.__name__)
def test_what_was_not_measured_is_left_out(find):
    assert find({}) is None


def test_under_two_hundred_images_are_too_few_to_say():
    few = REPORT | {"diversity": {"compared_with": "holdout", "n": 120, "too_few": True, "least": 200}}
    assert findings.coverage(few).value == "too few to say"
    assert "120" in findings.coverage(few).meaning
    assert findings.recall(few) is None


def test_copying_and_missing_are_named():
    assert "closer to the training images" in findings.c_t({"copies": {"c_t": -4.2}}).meaning
    assert "farther from the training images" in findings.c_t({"copies": {"c_t": 8.0}}).meaning


def test_fid_is_told_only_where_inception_computed_it():
    part = {"fid": 35.24, "n": 300, "n_real": 250, "kid": {"value": 0.012, "low": 0.01, "high": 0.014}}
    assert findings.fid(REPORT) is None
    assert findings.fid({"inception": part}).value == "35.2"


def with_pairs(dataset, source_set):
    source = SourceImage.objects.create(
        source_set=source_set, number=0, file_name="a.png", verdict="accepted", key="a.png", pixel_sha256="a" * 64
    )
    pairs = [{"image": 2, "source": source.pixel_sha256, "distance": 1.32}]
    dataset.report = REPORT | {"copies": REPORT["copies"] | {"nearest": pairs}}
    dataset.save(update_fields=["report"])
    return source


def test_the_owner_and_staff_see_the_closest_pairs_side_by_side(alice, mod, charlie, browser_of, dataset_of):
    dataset = dataset_of(alice)
    source = with_pairs(dataset, dataset.generator.source_set)
    picture = f"/images/{source.pk}/"
    for person in (alice, mod):
        page = browser_of(person).get(dataset.get_absolute_url()).content.decode()
        assert picture in page
        assert "1.32" in page
    assert browser_of(charlie).get(dataset.get_absolute_url()).status_code == 404


def test_a_source_image_that_was_erased_is_not_shown(alice, dataset_of):
    dataset = dataset_of(alice)
    with_pairs(dataset, dataset.generator.source_set)
    dataset.generator.source_set.images.update(file_name="")
    assert [pair.source for pair in nearest.of_dataset(dataset)] == [None]
